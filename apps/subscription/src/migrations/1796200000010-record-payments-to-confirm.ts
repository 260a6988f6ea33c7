import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A payment that the customer's bank wants confirmed is an outcome too, told once for each try. */
export class RecordPaymentsToConfirm1796200000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE payment DROP CONSTRAINT payment_outcome_check');
    await queryRunner.query(
      `ALTER TABLE payment ADD CONSTRAINT payment_outcome_check
       CHECK (outcome IN ('succeeded', 'failed', 'action_required'))`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM payment WHERE outcome = 'action_required'`);
    await queryRunner.query('ALTER TABLE payment DROP CONSTRAINT payment_outcome_check');
    await queryRunner.query(
      `ALTER TABLE payment ADD CONSTRAINT payment_outcome_check CHECK (outcome IN ('succeeded', 'failed'))`,
    );
  }
}
