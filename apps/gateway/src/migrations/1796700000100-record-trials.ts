import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RecordTrials1796700000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // No reference to app_user: an account may be announced of somebody who never came here by the browser.
    await queryRunner.query(`CREATE TABLE trial_use (
      user_id     text PRIMARY KEY,
      recorded_at timestamptz NOT NULL DEFAULT now()
    )`);
    await grantToService(queryRunner, 'SELECT, INSERT', 'TABLE', 'trial_use');
    await queryRunner.query(
      `INSERT INTO trial_use (user_id) SELECT user_id FROM account WHERE body->'subscription'->>'trial_end' IS NOT NULL`,
    );
    await queryRunner.query('ALTER TABLE checkout_attempt ADD COLUMN trial_days smallint NOT NULL DEFAULT 0');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE checkout_attempt DROP COLUMN trial_days');
    await queryRunner.query('DROP TABLE trial_use');
  }
}
