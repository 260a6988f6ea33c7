import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The raw events in the order in which they were applied: `recorded_at` is when a transaction began, and of two that met on one
 * customer the one that began first need not have gone first. A position is given under the customer's lock. Rows from before have
 * none, and come first; to give them one would rewrite the table.
 */
export class KeepWhatStripeAnswered1796600000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE SEQUENCE raw_event_position');
    await grantToService(queryRunner, 'USAGE', 'SEQUENCE', 'raw_event_position');
    await queryRunner.query('ALTER TABLE raw_event ADD COLUMN position bigint');
    await queryRunner.query(`ALTER TABLE raw_event ALTER COLUMN position SET DEFAULT nextval('raw_event_position')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE raw_event DROP COLUMN position');
    await queryRunner.query('DROP SEQUENCE raw_event_position');
  }
}
