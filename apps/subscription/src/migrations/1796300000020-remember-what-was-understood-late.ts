import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * While the release that remembers what was understood was rolled out, services of the one before wrote rows without that memory,
 * after the migration had filled it in. Only such rows are touched: running this again changes nothing.
 */
export class RememberWhatWasUnderstoodLate1796300000020 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `UPDATE subscription SET understood_status = 'active', understood_tier = account.tier,
         understood_at = order_at, understood_is_exact = false
       FROM account
       WHERE account.user_id = subscription.user_id AND account.tier > 0 AND understood_status IS NULL
         AND (subscription.tier IS NULL OR status NOT IN ('active', 'trialing', 'past_due', 'unpaid', 'paused',
           'incomplete', 'incomplete_expired', 'canceled'))`,
    );
  }

  /** What is remembered does not have to be forgotten. */
  async down(): Promise<void> {}
}
