import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A form is sent once, whichever replica it reaches. */
export class RememberUsedForms1796800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE used_form (
      form_id text PRIMARY KEY CHECK (length(form_id) <= 64),
      used_at timestamptz NOT NULL DEFAULT now()
    )`);
    await grantToService(queryRunner, 'SELECT, INSERT, DELETE', 'TABLE', 'used_form');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE used_form');
  }
}
