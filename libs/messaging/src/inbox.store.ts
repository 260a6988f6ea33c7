import { attributesSchema } from '@billhook/contracts';
import type { EntityManager } from 'typeorm';
import type { Delivery, Outcome } from './event.js';

export interface ParkedEvent {
  delivery: Delivery;
  reason: string;
  attempts: number;
  parkedAt: Date;
}

export interface InboxEntry {
  eventId: string;
  type: string;
  outcome: string;
  reason: string | null;
  recordedAt: Date;
}

export interface Settled {
  delivery: Delivery;
  outcome: Outcome;
  /** How often it was tried before it was parked. */
  attempts?: number;
}

export interface InboxFilter {
  outcome?: Outcome['kind'];
  limit: number;
  /** The last entry of the page before. */
  before?: { recordedAt: Date; eventId: string };
}

/** What a consumer has seen and what became of it. Every method works in the manager's transaction. */
export class Inbox {
  constructor(private readonly consumer: string) {}

  /**
   * The ids that are recorded now for the first time. Two replicas with the same event: the second waits here for the first
   * one's commit and then finds it recorded. Ids are inserted in a fixed order, so that two batches cannot wait for each other.
   */
  async recordOnce(manager: EntityManager, events: readonly { id: string; type: string }[]): Promise<Set<string>> {
    const rows: { event_id: string }[] = await manager.query(
      `INSERT INTO inbox (consumer, event_id, type)
       SELECT $1, id, type FROM unnest($2::text[], $3::text[]) AS event (id, type) ORDER BY id
       ON CONFLICT DO NOTHING
       RETURNING event_id`,
      [this.consumer, events.map((event) => event.id), events.map((event) => event.type)],
    );
    return new Set(rows.map((row) => row.event_id));
  }

  /** What became of events that were recorded. `parked` also keeps the event itself, byte for byte. */
  async settle(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    await this.markAs(
      manager,
      settled.filter(({ outcome }) => outcome.kind !== 'applied'),
    );
    for (const each of settled) {
      if (each.outcome.kind === 'parked') await this.keepParked(manager, each, each.outcome);
    }
  }

  /** Parked events that wait under a key, locked until the transaction ends, oldest first. */
  async findParkedForUpdate(manager: EntityManager, key: string): Promise<ParkedEvent[]> {
    const rows: ParkedRow[] = await manager.query(
      `SELECT headers, body, reason, attempts, parked_at FROM parked_event
       WHERE consumer = $1 AND key = $2
       ORDER BY headers->>'time', event_id
       FOR UPDATE`,
      [this.consumer, key],
    );
    return rows.map(fromRow);
  }

  /** After parked events were run again: records what became of them now and keeps only what was parked once more. */
  async release(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    await manager.query('DELETE FROM parked_event WHERE consumer = $1 AND event_id = ANY($2)', [
      this.consumer,
      settled.map(({ delivery }) => delivery.attributes.id),
    ]);
    await this.markAs(manager, settled);
    for (const each of settled) {
      if (each.outcome.kind === 'parked') await this.keepParked(manager, each, each.outcome);
    }
  }

  /** Newest first. */
  async list(manager: EntityManager, { outcome, limit, before }: InboxFilter): Promise<InboxEntry[]> {
    const rows: InboxRow[] = await manager.query(
      `SELECT event_id, type, outcome, reason, recorded_at FROM inbox
       WHERE consumer = $1
         AND ($2::text IS NULL OR outcome = $2)
         AND ($3::timestamptz IS NULL OR (recorded_at, event_id) < ($3, $4))
       ORDER BY recorded_at DESC, event_id DESC
       LIMIT $5`,
      [this.consumer, outcome ?? null, before?.recordedAt ?? null, before?.eventId ?? null, limit],
    );
    return rows.map((row) => ({
      eventId: row.event_id,
      type: row.type,
      outcome: row.outcome,
      reason: row.reason,
      recordedAt: row.recorded_at,
    }));
  }

  private async markAs(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return;
    await manager.query(
      `UPDATE inbox SET outcome = event.outcome, reason = event.reason
       FROM unnest($2::text[], $3::text[], $4::text[]) AS event (id, outcome, reason)
       WHERE inbox.consumer = $1 AND inbox.event_id = event.id`,
      [
        this.consumer,
        settled.map(({ delivery }) => delivery.attributes.id),
        settled.map(({ outcome }) => outcome.kind),
        settled.map(({ outcome }) => ('reason' in outcome ? withoutNul(outcome.reason) : null)),
      ],
    );
  }

  private async keepParked(
    manager: EntityManager,
    { delivery, attempts }: Settled,
    parked: { reason: string; key?: string },
  ): Promise<void> {
    const { attributes, body } = delivery;
    await manager.query(
      `INSERT INTO parked_event (consumer, event_id, type, reason, key, headers, body, attempts)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        this.consumer,
        attributes.id,
        attributes.type,
        withoutNul(parked.reason),
        parked.key ?? null,
        JSON.stringify(attributes),
        body,
        attempts ?? 0,
      ],
    );
  }
}

interface ParkedRow {
  headers: unknown;
  body: Buffer;
  reason: string;
  attempts: number;
  parked_at: Date;
}

interface InboxRow {
  event_id: string;
  type: string;
  outcome: string;
  reason: string | null;
  recorded_at: Date;
}

function fromRow(row: ParkedRow): ParkedEvent {
  return {
    delivery: { attributes: attributesSchema.parse(row.headers), body: row.body, redelivered: true },
    reason: row.reason,
    attempts: row.attempts,
    parkedAt: row.parked_at,
  };
}

/** A reason may quote the event, and PostgreSQL's text cannot hold a NUL. */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
