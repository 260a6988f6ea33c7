import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When Stripe's own word was asked for on a purchase that stayed unconfirmed: once for each. */
export class AskForPulls1796900000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE checkout_attempt ADD COLUMN pull_requested_at timestamptz');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE checkout_attempt DROP COLUMN pull_requested_at');
  }
}
