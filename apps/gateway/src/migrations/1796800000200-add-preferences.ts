import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What users have chosen. Channels are kept as chosen: which of them count is decided by the plan, when they are read. */
export class AddPreferences1796800000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE preferences (
      user_id         text PRIMARY KEY REFERENCES app_user,
      theme           text NOT NULL CHECK (theme IN ('dark', 'light', 'system')),
      email_alerts    boolean NOT NULL,
      sms_alerts      boolean NOT NULL,
      volume_multiple double precision NOT NULL CHECK (volume_multiple >= 1),
      minimum_volume  double precision NOT NULL CHECK (minimum_volume >= 0),
      updated_at      timestamptz NOT NULL DEFAULT now()
    )`);
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE, DELETE', 'TABLE', 'preferences');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE preferences');
  }
}
