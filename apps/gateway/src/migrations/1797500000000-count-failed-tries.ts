import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tries of an erasure that have failed: `attempts` counts the one under way too, since it is the proof that the lease holds. */
export class CountFailedTries1797500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE erasure ADD COLUMN failed_tries integer NOT NULL DEFAULT 0');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE erasure DROP COLUMN failed_tries');
  }
}
