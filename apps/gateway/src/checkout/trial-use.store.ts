import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Who has had their trial. By user and not by customer: a user may come to have another customer. */
@Injectable()
export class TrialUseStore {
  async has(manager: EntityManager, userId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT FROM trial_use WHERE user_id = $1', [userId]);
    return rows.length > 0;
  }

  /** The first record stays. In a fixed order, as several replicas may record the same users at once. */
  async record(manager: EntityManager, userIds: readonly string[]): Promise<void> {
    if (userIds.length === 0) return;
    await manager.query(
      `INSERT INTO trial_use (user_id) SELECT user_id FROM unnest($1::text[]) AS user_id ORDER BY user_id
       ON CONFLICT DO NOTHING`,
      [[...new Set(userIds)]],
    );
  }
}
