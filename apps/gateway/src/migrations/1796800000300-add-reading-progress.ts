import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when each replica has applied what was announced, and when it last said so: a row for each process that ran. */
export class AddReadingProgress1796800000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE reading_progress (
      replica       uuid PRIMARY KEY,
      seen_at       timestamptz NOT NULL,
      applied_until timestamptz NOT NULL
    ) WITH (fillfactor = 50)`);
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'reading_progress');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE reading_progress');
  }
}
