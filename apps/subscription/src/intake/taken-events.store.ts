import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Intake } from '../ledger/intake.js';
import { consumerName } from './consumer-name.js';

/**
 * Which of the snapshots that thin events are paired with have been taken, in this transaction or before. One that failed or is
 * parked has told nothing yet.
 */
@Injectable()
export class TakenEvents {
  async find(manager: EntityManager, intakes: readonly Intake[]): Promise<Set<string>> {
    const paired = intakes.flatMap(({ meaning }) =>
      meaning.kind === 'subscription_hint' ? (meaning.snapshotEventId ?? []) : [],
    );
    if (paired.length === 0) return new Set();
    const rows: { event_id: string }[] = await manager.query(
      `SELECT event_id FROM inbox WHERE consumer = $1 AND event_id = ANY($2) AND outcome NOT IN ('parked', 'retrying')`,
      [consumerName, paired],
    );
    return new Set(rows.map((row) => row.event_id));
  }
}
