import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A thin event names a subscription and nothing else: its customer is known only once Stripe has answered. `event_at` is the
 * newest event that asked, by Stripe's clock: the answer is not older.
 */
export class FetchWhatIsNotKnown1796100000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE pending_fetch ALTER COLUMN customer_id DROP NOT NULL');
    await queryRunner.query('ALTER TABLE pending_fetch ADD COLUMN event_at timestamptz');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE pending_fetch DROP COLUMN event_at');
    await queryRunner.query('DELETE FROM pending_fetch WHERE customer_id IS NULL');
    await queryRunner.query('ALTER TABLE pending_fetch ALTER COLUMN customer_id SET NOT NULL');
  }
}
