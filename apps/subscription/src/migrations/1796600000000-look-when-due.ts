import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When Stripe is to be asked about a subscription if no event comes before: `next_look_at` by the policy's clock, `look_due_at` by
 * ours, `looks_asked` how often it was asked for that moment without an answer from after it. The default makes every row due
 * that is there already, or that a replica of the version before still writes: whoever scans works out its moment then, without
 * a table that is rewritten or locked at once.
 */
export class LookWhenDue1796600000000 implements MigrationInterface {
  /** The index is built while the service is at work, which PostgreSQL does outside of transactions only. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE subscription
         ADD COLUMN IF NOT EXISTS next_look_at timestamptz,
         ADD COLUMN IF NOT EXISTS look_reason text,
         ADD COLUMN IF NOT EXISTS look_due_at timestamptz DEFAULT '-infinity',
         ADD COLUMN IF NOT EXISTS looks_asked integer NOT NULL DEFAULT 0`,
    );
    await queryRunner.query('DROP INDEX CONCURRENTLY IF EXISTS subscription_look_due');
    await queryRunner.query(
      `CREATE INDEX CONCURRENTLY subscription_look_due ON subscription (look_due_at) WHERE look_due_at IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX IF EXISTS subscription_look_due');
    await queryRunner.query(
      `ALTER TABLE subscription DROP COLUMN next_look_at, DROP COLUMN look_reason, DROP COLUMN look_due_at,
         DROP COLUMN looks_asked`,
    );
  }
}
