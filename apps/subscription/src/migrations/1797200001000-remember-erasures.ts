import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whose personal data is erased here: the row is the tombstone, and stays. `due_at` is when it is to be looked for, and the lease
 * of whoever does; null once nothing is left to do. `asked_in`: what was written by transactions that began before may not be
 * seen yet, so nobody looks while one of them runs. `late_events` came after, and may have left something.
 */
export class RememberErasures1797200001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE erasure (
      user_id      text PRIMARY KEY CHECK (length(user_id) BETWEEN 1 AND 255),
      request_id   uuid NOT NULL,
      cause_id     text NOT NULL,
      asked_in     xid8 NOT NULL DEFAULT pg_current_xact_id(),
      requested_at timestamptz NOT NULL DEFAULT now(),
      due_at       timestamptz DEFAULT now(),
      attempts     integer NOT NULL DEFAULT 0,
      late_events  integer NOT NULL DEFAULT 0,
      completed_at timestamptz
    )`);
    await queryRunner.query('CREATE INDEX erasure_due ON erasure (due_at) WHERE due_at IS NOT NULL');
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'erasure');
    await grantToService(queryRunner, 'UPDATE (headers, body)', 'TABLE', 'raw_event');
  }

  /** What the service may do besides stays: who undoes this is not told its role, and its versions before do not do it. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE erasure');
  }
}
