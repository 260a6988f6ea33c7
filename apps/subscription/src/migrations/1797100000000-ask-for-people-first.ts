import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Questions that nobody waits for (looks by the clock, a catalogue that has changed) come after all others. `leased_until` tells a
 * question that somebody is at from one that is put off, which `due_at` alone does not: only the latter may be brought forward.
 * A replica of the version before asks for people and leases without it, so that at worst a question is asked twice.
 */
export class AskForPeopleFirst1797100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE pending_fetch
         ADD COLUMN is_background boolean NOT NULL DEFAULT false,
         ADD COLUMN leased_until timestamptz`,
    );
    await queryRunner.query('ALTER TABLE pending_pull ADD COLUMN leased_until timestamptz');
    await queryRunner.query('CREATE INDEX pending_fetch_due_by_class ON pending_fetch (is_background, due_at)');
    await queryRunner.query('DROP INDEX pending_fetch_due');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE INDEX pending_fetch_due ON pending_fetch (due_at)');
    await queryRunner.query('DROP INDEX pending_fetch_due_by_class');
    await queryRunner.query('ALTER TABLE pending_pull DROP COLUMN leased_until');
    await queryRunner.query('ALTER TABLE pending_fetch DROP COLUMN leased_until, DROP COLUMN is_background');
  }
}
