import { attributesSchema } from '@billhook/contracts';
import type { EventAttributes } from '@billhook/contracts';
import type { EntityManager } from 'typeorm';
import type { Intake } from '../ledger/intake.js';

/** An event as it came in. `attributes` and `body` are null once it was redacted; its fingerprint stays. */
export interface KeptEvent {
  attributes: EventAttributes | null;
  body: Buffer | null;
  sha256: Buffer;
}

/** What the raw events still hold of those that came before. */
export class KeptEvents {
  /** `since` (when the inbox recorded it) leaves out the months before. Null when its month is no longer kept. */
  async find(manager: EntityManager, id: string, since: Date): Promise<KeptEvent | null> {
    const rows: { headers: unknown; body: Buffer | null; body_sha256: Buffer }[] = await manager.query(
      // The inbox rounds to milliseconds; a retry that succeeded kept the bytes later than the failure was recorded.
      `SELECT headers, body, body_sha256 FROM raw_event
       WHERE event_id = $1 AND recorded_at >= $2::timestamptz - interval '1 second'
       ORDER BY recorded_at LIMIT 1`,
      [id, since],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const attributes = row.headers === null ? null : attributesSchema.parse(row.headers);
    return { attributes, body: row.body, sha256: row.body_sha256 };
  }

  /** The events whose bytes are not kept yet: all, but for those that are run again by hand. */
  async notKept(manager: EntityManager, intakes: readonly Intake[]): Promise<readonly Intake[]> {
    const replayed = intakes.filter(({ delivery }) => delivery.replayId !== undefined).map(({ id }) => id);
    if (replayed.length === 0) return intakes;
    const rows: { event_id: string }[] = await manager.query(
      'SELECT DISTINCT event_id FROM raw_event WHERE event_id = ANY($1)',
      [replayed],
    );
    const kept = new Set(rows.map((row) => row.event_id));
    return intakes.filter(({ id }) => !kept.has(id));
  }
}
