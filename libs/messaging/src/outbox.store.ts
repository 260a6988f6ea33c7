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
    const attributes = events.map((each) => toAttributes(source, each));
    const texts = attributes.map((each) => JSON.stringify(each));
    const bodies = events.map(({ event }) => JSON.stringify(event.data));
    await manager.query(append, [
      attributes.map(({ id }) => id),
      attributes.map(({ type }) => type),
      texts.map((text) => Buffer.byteLength(text)),
      bodies.map((body) => Buffer.byteLength(body)),
      Buffer.from(texts.join('') + bodies.join('')),
    ]);
  }
}

/**
 * All JSON comes as one parameter, attributes first and bodies behind them, and is cut apart by PostgreSQL: a single Buffer
 * travels as it is, while an array of texts or Buffers is escaped or written out in hexadecimal and read again. It is not read
 * as one JSON document either: PostgreSQL would unescape what it takes out of it, and refuse NUL and lone surrogates.
 */
const append = `
  WITH piece AS (
    SELECT event_id, type, position, attributes_length, body_length,
           sum(attributes_length) OVER ahead AS attributes_end,
           sum(attributes_length) OVER () + sum(body_length) OVER ahead AS body_end
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[])
         WITH ORDINALITY AS event (event_id, type, attributes_length, body_length, position)
    WINDOW ahead AS (ORDER BY position)),
  appended AS (
    INSERT INTO outbox (event_id, type, attributes, body)
    SELECT event_id, type,
           convert_from(substring($5::bytea FROM (attributes_end - attributes_length + 1)::int FOR attributes_length),
                        'UTF8')::json,
           substring($5::bytea FROM (body_end - body_length + 1)::int FOR body_length)
    FROM piece ORDER BY position
    RETURNING 1)
  SELECT pg_notify('outbox_' || current_schema(), '') FROM appended LIMIT 1`;

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
