import type { EntityManager } from 'typeorm';
import type { DeadLetter } from './dead-letter.js';
import type { Delivery, InboxStatus, Outcome } from './event.js';
import { fromKept } from './kept-headers.js';

export interface ParkedEvent {
  delivery: Delivery;
  reason: string;
  attempts: number;
  parkedAt: Date;
}

export interface InboxEntry {
  eventId: string;
  type: string;
  outcome: InboxStatus;
  reason: string | null;
  recordedAt: Date;
}

/** An event that failed and waits for its next try. */
export interface Retrying {
  kind: 'retrying';
  reason: string;
  afterMs: number;
}

export interface Settled {
  delivery: Delivery;
  outcome: Outcome | Retrying;
  /** How often it was tried before it was parked, or until now. */
  attempts?: number;
  /** Of somebody who is erased: parked without its bytes. */
  isRedacted?: boolean;
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

  /** What became of events that were recorded. `parked` and `retrying` also keep the event itself, byte for byte. */
  async settle(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    await this.markAs(
      manager,
      settled.filter(({ outcome }) => outcome.kind !== 'applied'),
    );
    await this.keep(manager, settled);
  }

  /** Parks what nobody here has tried. False, and nothing is changed, when something stands of it already. */
  async parkOnce(
    manager: EntityManager,
    { id, type, reason, headers, body }: DeadLetter,
    isRedacted: boolean,
  ): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `WITH recorded AS (
         INSERT INTO inbox (consumer, event_id, type, outcome, reason)
         VALUES ($1::text, $2::text, $3::text, 'parked', $4::text)
         ON CONFLICT DO NOTHING RETURNING 1),
       parked AS (
         INSERT INTO parked_event (consumer, event_id, type, reason, headers, body, attempts)
         SELECT $1, $2, $3, $4, $5::json, $6::bytea, 0 FROM recorded RETURNING 1)
       SELECT FROM parked`,
      [this.consumer, id, type, withoutNul(reason), isRedacted ? null : headers, isRedacted ? null : body],
    );
    return rows.length === 1;
  }

  /** Parked events that wait under a key, locked until the transaction ends, oldest first. What is unreadable stays there. */
  async findParkedForUpdate(manager: EntityManager, key: string): Promise<ParkedEvent[]> {
    const rows: ParkedRow[] = await manager.query(
      `SELECT headers, body, reason, attempts, parked_at FROM parked_event
       WHERE consumer = $1 AND key = $2 AND body IS NOT NULL
       ORDER BY parked_at, event_id
       FOR UPDATE`,
      [this.consumer, key],
    );
    return rows.flatMap((row) => fromRow(row) ?? []);
  }

  /** What stands of one event, locked until the transaction ends. Whoever also wants its parked row takes that one first. */
  async findForUpdate(manager: EntityManager, id: string): Promise<InboxEntry | null> {
    const rows: InboxRow[] = await manager.query(
      `SELECT event_id, type, outcome, reason, recorded_at FROM inbox WHERE consumer = $1 AND event_id = $2 FOR UPDATE`,
      [this.consumer, id],
    );
    return rows[0] === undefined ? null : toEntry(rows[0]);
  }

  /**
   * Takes an event out of what is parked, to run it again: before its effect, which may itself look for parked events. Null
   * when it is not there; where it is of no use it stays.
   */
  async takeParked(manager: EntityManager, id: string): Promise<ParkedEvent | 'redacted' | 'unreadable' | null> {
    const rows: (ParkedRow | RedactedRow)[] = await manager.query(
      `SELECT headers, body, reason, attempts, parked_at FROM parked_event
       WHERE consumer = $1 AND event_id = $2 FOR UPDATE`,
      [this.consumer, id],
    );
    const [row] = rows;
    if (row === undefined) return null;
    if (row.body === null) return 'redacted';
    const parked = fromRow(row);
    if (parked === null) return 'unreadable';
    await manager.query('DELETE FROM parked_event WHERE consumer = $1 AND event_id = $2', [this.consumer, id]);
    return parked;
  }

  /** After parked events were run again: records what became of them now and keeps only what was parked once more. */
  async release(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    await manager.query('DELETE FROM parked_event WHERE consumer = $1 AND event_id = ANY($2)', [
      this.consumer,
      settled.map(({ delivery }) => delivery.attributes.id),
    ]);
    await this.markAs(manager, settled);
    await this.keep(manager, settled);
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

  /** Those of one batch are tried again in its order. */
  private async keep(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    const kept = settled.flatMap(({ delivery, outcome, attempts = 0, isRedacted = false }) =>
      outcome.kind === 'parked' || outcome.kind === 'retrying' ? [{ ...delivery, outcome, attempts, isRedacted }] : [],
    );
    if (kept.length === 0) return;
    await manager.query(
      `INSERT INTO parked_event (consumer, event_id, type, reason, key, headers, body, attempts, retry_at)
       SELECT $1, id, type, reason, key, headers::json, body, attempts,
              now() + retry_ms * interval '1 millisecond' + place * interval '1 microsecond'
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::int[], $9::float8[])
            WITH ORDINALITY AS event (id, type, reason, key, headers, body, attempts, retry_ms, place)`,
      [
        this.consumer,
        kept.map(({ attributes }) => attributes.id),
        kept.map(({ attributes }) => attributes.type),
        kept.map(({ outcome }) => withoutNul(outcome.reason)),
        kept.map(({ outcome }) => ('key' in outcome ? (outcome.key ?? null) : null)),
        kept.map(({ attributes, isRedacted }) => (isRedacted ? null : JSON.stringify(attributes))),
        kept.map(({ body, isRedacted }) => (isRedacted ? null : body)),
        kept.map(({ attempts }) => attempts),
        kept.map(({ outcome }) => (outcome.kind === 'retrying' ? outcome.afterMs : null)),
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

interface RedactedRow {
  body: null;
}

/** A row of `inbox` as PostgreSQL returns it. */
export interface InboxRow {
  event_id: string;
  type: string;
  outcome: InboxStatus;
  reason: string | null;
  recorded_at: Date;
}

export function toEntry(row: InboxRow): InboxEntry {
  return {
    eventId: row.event_id,
    type: row.type,
    outcome: row.outcome,
    reason: row.reason,
    recordedAt: row.recorded_at,
  };
}

function fromRow({ headers, body, reason, attempts, parked_at: parkedAt }: ParkedRow): ParkedEvent | null {
  const attributes = fromKept(headers);
  if (attributes === null) return null;
  return { delivery: { attributes, body, redelivered: true }, reason, attempts, parkedAt };
}

/** A reason may quote the event, and PostgreSQL's text cannot hold a NUL. */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
