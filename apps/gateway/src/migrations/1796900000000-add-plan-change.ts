import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPlanChange1796900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE pending_change
         DROP CONSTRAINT pending_change_kind_check,
         ADD CONSTRAINT pending_change_kind_check CHECK
           (kind IN ('cancel_at_period_end', 'cancel_now', 'resume', 'change_now', 'change_at_period_end')),
         ADD COLUMN tier smallint CHECK (tier IN (0, 1, 2)),
         ADD COLUMN billing_cycle text CHECK (billing_cycle IN ('monthly', 'yearly'))`,
    );
    // A change is only made at figures that were shown: who confirms names the preview by its proration date. attempt_id is
    // Stripe's idempotency key for making the change; it stands here before Stripe is asked.
    await queryRunner.query(
      `CREATE TABLE change_preview (
         attempt_id      uuid PRIMARY KEY,
         user_id         text NOT NULL REFERENCES app_user,
         subscription_id text NOT NULL,
         price_id        text NOT NULL,
         proration_date  bigint NOT NULL,
         created_at      timestamptz NOT NULL DEFAULT now(),
         UNIQUE (user_id, subscription_id, price_id, proration_date)
       )`,
    );
    await queryRunner.query('CREATE INDEX change_preview_age ON change_preview (created_at)');
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'change_preview');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE change_preview');
    await queryRunner.query(`DELETE FROM pending_change WHERE kind IN ('change_now', 'change_at_period_end')`);
    await queryRunner.query(
      `ALTER TABLE pending_change
         DROP COLUMN tier,
         DROP COLUMN billing_cycle,
         DROP CONSTRAINT pending_change_kind_check,
         ADD CONSTRAINT pending_change_kind_check CHECK (kind IN ('cancel_at_period_end', 'cancel_now', 'resume'))`,
    );
  }
}
