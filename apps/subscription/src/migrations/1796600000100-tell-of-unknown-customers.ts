import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When somebody was told that a customer's events wait for its user: once for each customer. */
export class TellOfUnknownCustomers1796600000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE customer ADD COLUMN unknown_told_at timestamptz');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE customer DROP COLUMN unknown_told_at');
  }
}
