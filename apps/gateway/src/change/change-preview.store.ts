import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { randomUUID } from 'node:crypto';

/** Which figures somebody was shown. */
export interface PreviewKey {
  userId: string;
  subscriptionId: string;
  priceId: string;
  /** Seconds, as Stripe counts. */
  prorationDate: number;
}

/** Figures change as time goes by; Stripe's idempotency keys live for a day. */
const goodFor = '1 hour';

/** The previews of plan changes that can still be confirmed. */
@Injectable()
export class ChangePreviewStore {
  constructor(private readonly dataSource: DataSource) {}

  /** Two previews of the same second are one. */
  async remember({ userId, subscriptionId, priceId, prorationDate }: PreviewKey): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO change_preview (attempt_id, user_id, subscription_id, price_id, proration_date)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id, subscription_id, price_id, proration_date) DO UPDATE SET created_at = now()`,
      [randomUUID(), userId, subscriptionId, priceId, prorationDate],
    );
  }

  /** The id under which Stripe is asked for this change, however often it is; null when nothing like it was shown lately. */
  async attemptOf(manager: EntityManager, key: PreviewKey): Promise<string | null> {
    const rows: { attempt_id: string }[] = await manager.query(
      `SELECT attempt_id FROM change_preview
       WHERE user_id = $1 AND subscription_id = $2 AND price_id = $3 AND proration_date = $4
         AND created_at > now() - interval '${goodFor}'`,
      [key.userId, key.subscriptionId, key.priceId, key.prorationDate],
    );
    return rows[0]?.attempt_id ?? null;
  }
}
