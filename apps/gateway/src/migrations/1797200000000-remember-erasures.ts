import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = {
  // The tombstone, which stays. `due_at` is when the next step is to be taken, and the lease of whoever takes it; null once only
  // answers are waited for. `asked_in`: what transactions from before wrote may not be seen yet, so nothing is deleted while one
  // of them runs.
  erasure: `CREATE TABLE erasure (
    user_id          text PRIMARY KEY REFERENCES app_user,
    request_id       uuid NOT NULL,
    reason           text NOT NULL,
    requested_by     text NOT NULL,
    remote_address   text NOT NULL,
    user_agent       text,
    http_request_id  text NOT NULL,
    requested_at     timestamptz NOT NULL DEFAULT now(),
    asked_in         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    billing_ended_at timestamptz,
    due_at           timestamptz DEFAULT now(),
    attempts         integer NOT NULL DEFAULT 0,
    last_error       text
  )`,
  erasure_answer: `CREATE TABLE erasure_answer (
    user_id     text NOT NULL REFERENCES erasure,
    service     text NOT NULL,
    counts      jsonb NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, service)
  )`,
};

/** Deleted for a user who is erased, and for nobody else. */
const deletable = ['account', 'pending_change', 'change_preview'];

export class RememberErasures1797200000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, statement] of Object.entries(tables)) {
      await queryRunner.query(statement);
      await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', name);
    }
    await queryRunner.query('CREATE INDEX erasure_due ON erasure (due_at) WHERE due_at IS NOT NULL');
    for (const name of deletable) await grantToService(queryRunner, 'DELETE', 'TABLE', name);
  }

  /** What the service may do besides stays: who undoes this is not told its role, and its versions before do not do it. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE erasure_answer');
    await queryRunner.query('DROP TABLE erasure');
  }
}
