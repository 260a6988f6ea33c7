import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which of a user's subscriptions were announced as running beside one another, so that it is said once. */
export class TellDuplicatesOnce1796400000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE account ADD COLUMN duplicates_told text[] NOT NULL DEFAULT '{}'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE account DROP COLUMN duplicates_told');
  }
}
