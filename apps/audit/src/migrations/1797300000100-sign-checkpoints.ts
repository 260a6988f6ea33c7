import { grantToService } from '@billhook/database';
import { createOutboxTable } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Signed heads of the chain, and an outbox to tell of them. A month's last one is kept when the month is taken away. */
export class SignCheckpoints1797300000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE checkpoint (
        seq bigint PRIMARY KEY,
        recorded_at timestamptz NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        signed_at timestamptz NOT NULL,
        key_id text COLLATE "C" NOT NULL,
        signature bytea NOT NULL
      )`);
    await queryRunner.query(
      `CREATE TRIGGER checkpoint_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    );
    await queryRunner.query('ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_is_append_only');
    await grantToService(queryRunner, 'SELECT, INSERT', 'TABLE', 'checkpoint');
    await createOutboxTable(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE checkpoint, outbox');
  }
}
