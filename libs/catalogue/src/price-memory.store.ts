import type { RememberedPrice } from '@billhook/billing';
import { grantToService } from '@billhook/database';
import type { DataSource, QueryRunner } from 'typeorm';

/** For the migrations of a service that has a catalogue. */
export async function createPriceMemory(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`CREATE TABLE known_price (
    price_id      text PRIMARY KEY,
    tier          smallint NOT NULL CHECK (tier IN (1, 2)),
    billing_cycle text CHECK (billing_cycle IN ('monthly', 'yearly')),
    reference     text NOT NULL,
    seen_at       timestamptz NOT NULL
  )`);
  await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'known_price');
}

/**
 * The prices that were ever sold or honoured here, and as what. A subscription outlives settings and lookup keys: without this, a
 * key that moves on to a new price would leave all who bought the old one on a price that nobody knows.
 */
export class PriceMemory {
  constructor(private readonly dataSource: DataSource) {}

  /** Those seen last come first. */
  load(): Promise<RememberedPrice[]> {
    return this.dataSource.query(
      `SELECT price_id AS "priceId", tier, billing_cycle AS "billingCycle", reference
       FROM known_price ORDER BY seen_at DESC, price_id`,
    );
  }

  async keep(prices: readonly RememberedPrice[], at: Date): Promise<void> {
    if (prices.length === 0) return;
    await this.dataSource.query(
      `INSERT INTO known_price (price_id, tier, billing_cycle, reference, seen_at)
       SELECT price_id, tier, billing_cycle, reference, $5
       FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[]) AS seen (price_id, tier, billing_cycle, reference)
       ORDER BY price_id
       ON CONFLICT (price_id) DO UPDATE SET tier = excluded.tier, billing_cycle = excluded.billing_cycle,
         reference = excluded.reference, seen_at = excluded.seen_at`,
      [
        prices.map(({ priceId }) => priceId),
        prices.map(({ tier }) => tier),
        prices.map(({ billingCycle }) => billingCycle),
        prices.map(({ reference }) => reference),
        at.toISOString(),
      ],
    );
  }
}
