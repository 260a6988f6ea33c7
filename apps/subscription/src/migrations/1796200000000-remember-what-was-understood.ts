import type { MigrationInterface, QueryRunner } from 'typeorm';

const columns = [
  'pause_reason text',
  'collection_behavior text',
  'collection_resumes_at timestamptz',
  'pending_update_expires_at timestamptz',
  'understood_status text',
  'understood_tier smallint CHECK (understood_tier BETWEEN 0 AND 2)',
  'understood_at timestamptz',
  'understood_is_exact boolean',
];

/**
 * A subscription on a price or in a status that nobody here knows kept its user's tier; from now on it keeps its own, which has to
 * be remembered. For those that are not understood already, what their user has is the best that is known.
 */
export class RememberWhatWasUnderstood1796200000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const column of columns) await queryRunner.query(`ALTER TABLE subscription ADD COLUMN ${column}`);
    await queryRunner.query(
      `UPDATE subscription SET understood_status = 'active', understood_tier = account.tier,
         understood_at = order_at, understood_is_exact = false
       FROM account
       WHERE account.user_id = subscription.user_id AND account.tier > 0
         AND (subscription.tier IS NULL OR status NOT IN ('active', 'trialing', 'past_due', 'unpaid', 'paused',
           'incomplete', 'incomplete_expired', 'canceled'))`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const column of columns) {
      const [name] = column.split(' ');
      await queryRunner.query(`ALTER TABLE subscription DROP COLUMN ${name}`);
    }
  }
}
