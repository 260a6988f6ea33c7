import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A wait for the writer's lock must end before its statement does, or whoever waited could not tell that from entries that take
 * too long: statements may take half as long as they used to.
 */
export class WaitShorter1796200000000 implements MigrationInterface {
  readonly name = 'WaitShorter1796200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER FUNCTION append_entries(bytea[]) SET lock_timeout = '3s'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER FUNCTION append_entries(bytea[]) SET lock_timeout = '5s'`);
  }
}
