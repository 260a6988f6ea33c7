import { inTransaction } from '@billhook/database';
import type { DataSource, EntityManager } from 'typeorm';
import type { Delivery } from './event.js';
import { withoutNul } from './inbox.store.js';
import { fromKept } from './kept-headers.js';

/** An event whose next try is ours. `attempts` counts this one, and is the proof that the lease still holds. */
export interface LeasedRetry {
  id: string;
  type: string;
  /** Null where what was kept cannot be read. */
  delivery: Delivery | null;
  attempts: number;
  /** Of the failure before. */
  reason: string;
  /** It failed for the first time so long ago that no slow server is to blame any more. */
  isOld: boolean;
}

const oldAfterHours = 1;

/**
 * How long nobody else tries an event whose process died at it. Short, so that one which kills its process five times is parked
 * within a minute; a try that merely takes longer is safe, since it holds the row's lock, which `lease` skips.
 */
const leaseSeconds = 10;

/** The failed events of a consumer that are tried again by themselves: rows of `parked_event` with a `retry_at`. */
export class Retries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly consumer: string,
  ) {}

  /** The event that has been due longest and nobody else is at. The try is counted here, before its effect. */
  async lease(): Promise<LeasedRetry | null> {
    const rows: DueRow[] = await this.dataSource.query(
      `WITH due AS (
         SELECT event_id FROM parked_event
         WHERE consumer = $1 AND retry_at <= now() AND body IS NOT NULL
         ORDER BY retry_at, event_id LIMIT 1 FOR UPDATE SKIP LOCKED),
       leased AS (
         UPDATE parked_event SET attempts = attempts + 1, retry_at = now() + make_interval(secs => $2)
         FROM due WHERE parked_event.consumer = $1 AND parked_event.event_id = due.event_id
         RETURNING parked_event.event_id, type, headers, body, attempts, reason,
                   parked_at < now() - make_interval(hours => $3) AS is_old)
       SELECT * FROM leased`,
      [this.consumer, leaseSeconds, oldAfterHours],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const attributes = fromKept(row.headers);
    const delivery = attributes === null ? null : { attributes, body: row.body, redelivered: true };
    const { event_id: id, type, attempts, reason, is_old: isOld } = row;
    return { id, type, delivery, attempts, reason, isOld };
  }

  /** False when the lease is no longer ours: somebody else ran the event meanwhile. */
  async lock(manager: EntityManager, { id, attempts }: LeasedRetry): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM parked_event
       WHERE consumer = $1 AND event_id = $2 AND attempts = $3 AND retry_at IS NOT NULL FOR UPDATE`,
      [this.consumer, id, attempts],
    );
    return rows.length === 1;
  }

  /** It failed again: due once more after a while, or, with null, parked. False when the lease is no longer ours. */
  async fail(manager: EntityManager, retry: LeasedRetry, reason: string, afterMs: number | null): Promise<boolean> {
    if (!(await this.lock(manager, retry))) return false;
    const parameters = [this.consumer, retry.id, withoutNul(reason), afterMs];
    await manager.query(
      `UPDATE parked_event SET reason = $3, retry_at = now() + $4::float8 * interval '1 millisecond'
       WHERE consumer = $1 AND event_id = $2`,
      parameters,
    );
    await manager.query(
      `UPDATE inbox SET reason = $3, outcome = CASE WHEN $4::float8 IS NULL THEN 'parked' ELSE 'retrying' END
       WHERE consumer = $1 AND event_id = $2`,
      parameters,
    );
    return true;
  }

  /** Takes the bytes of one that has just been parked: it stays as a head. */
  async redact(manager: EntityManager, { id }: LeasedRetry): Promise<void> {
    await manager.query('UPDATE parked_event SET headers = NULL, body = NULL WHERE consumer = $1 AND event_id = $2', [
      this.consumer,
      id,
    ]);
  }

  /** The try was not the event's failure: it does not count, and the event is due again after a while. */
  async giveBack(retry: LeasedRetry, afterMs: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      if (!(await this.lock(manager, retry))) return;
      await manager.query(
        `UPDATE parked_event SET attempts = attempts - 1, retry_at = now() + $3::float8 * interval '1 millisecond'
         WHERE consumer = $1 AND event_id = $2`,
        [this.consumer, retry.id, afterMs],
      );
    });
  }
}

interface DueRow {
  event_id: string;
  type: string;
  headers: unknown;
  body: Buffer;
  attempts: number;
  reason: string;
  is_old: boolean;
}
