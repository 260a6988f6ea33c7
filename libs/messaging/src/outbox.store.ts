import { domainEvents } from '@billhook/contracts';
import type { DomainEvent, EventAttributes } from '@billhook/contracts';
import type { EntityManager } from 'typeorm';
import { eventId } from './event-id.js';

export interface OutboxEvent {
  event: DomainEvent;
  /** Id of the event, request or attempt that led to this one. */
  causeId: string;
  /** Where one cause acts more than once on a subject: which of its effects this is. Without it, the two would share an id. */
  effect?: string | undefined;
  /** Whom or what it is about; a subject's events leave in the order of their commits. */
  subject: string;
  at: Date;
  actor?: string;
  remoteAddress?: string;
  userAgent?: string;
  requestId?: string;
}

/** The channel that wakes the relay of a schema. */
export const outboxChannel = (schema: string): string => `outbox_${schema}`;

/** Events on their way out, written in the transaction of the effect that they tell of. */
export class Outbox {
  /** `source` is the service's name. The relay is woken when the manager's transaction commits. */
  async append(manager: EntityManager, source: string, events: readonly OutboxEvent[]): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map((each) => ({ attributes: toAttributes(source, each), data: each.event.data }));
    await manager.query(
      `WITH appended AS (
         INSERT INTO outbox (event_id, type, attributes, body)
         SELECT event_id, type, attributes::json, body
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[])
              WITH ORDINALITY AS event (event_id, type, attributes, body, position)
         ORDER BY position
         RETURNING 1)
       SELECT pg_notify('outbox_' || current_schema(), '') FROM appended LIMIT 1`,
      [
        rows.map(({ attributes }) => attributes.id),
        rows.map(({ attributes }) => attributes.type),
        rows.map(({ attributes }) => JSON.stringify(attributes)),
        rows.map(({ data }) => Buffer.from(JSON.stringify(data))),
      ],
    );
  }
}

function toAttributes(source: string, outgoing: OutboxEvent): EventAttributes {
  const { event, causeId, effect, subject, at, actor, remoteAddress, userAgent, requestId } = outgoing;
  return {
    id: eventId(effect === undefined ? causeId : `${causeId}/${effect}`, event.type, subject),
    source,
    type: event.type,
    subject,
    time: at.toISOString(),
    causeid: causeId,
    dataversion: domainEvents[event.type].version,
    actor: actor ?? `service:${source}`,
    remoteaddress: remoteAddress,
    useragent: userAgent,
    requestid: requestId,
  };
}
