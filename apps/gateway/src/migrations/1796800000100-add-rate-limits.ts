import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who has come how often in the current minute, by a hash; `expire` is in milliseconds since the epoch. Unlogged: counts of a
 * minute are worth no write-ahead log, and after a crash they begin again. The columns are those of rate-limiter-flexible.
 */
export class AddRateLimits1796800000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE UNLOGGED TABLE rate_limit (
      key    text PRIMARY KEY,
      points integer NOT NULL DEFAULT 0,
      expire bigint
    )`);
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE, DELETE', 'TABLE', 'rate_limit');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE rate_limit');
  }
}
