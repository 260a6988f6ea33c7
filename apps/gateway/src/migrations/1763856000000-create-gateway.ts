import { grantToService } from '@billhook/database';
import { createInboxTables, createOutboxTable } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = {
  app_user: `CREATE TABLE app_user (
    user_id   text PRIMARY KEY CHECK (length(user_id) BETWEEN 1 AND 255),
    email     text,
    opened_at timestamptz NOT NULL DEFAULT now()
  )`,
  // attempt_id is Stripe's idempotency key for creating the customer: it stands here before Stripe is asked, so that whoever
  // asks again after a crash or a lost answer gets the same customer. The e-mail belongs to it: Stripe refuses a key that
  // comes back with other parameters.
  customer: `CREATE TABLE customer (
    user_id     text PRIMARY KEY REFERENCES app_user,
    attempt_id  uuid NOT NULL,
    email       text,
    customer_id text UNIQUE,
    linked_at   timestamptz
  )`,
  checkout_attempt: `CREATE TABLE checkout_attempt (
    attempt_id      uuid PRIMARY KEY,
    user_id         text NOT NULL REFERENCES app_user,
    tier            smallint NOT NULL CHECK (tier IN (1, 2)),
    billing_cycle   text NOT NULL CHECK (billing_cycle IN ('monthly', 'yearly')),
    price_id        text NOT NULL,
    state           text NOT NULL CHECK (state IN ('creating', 'open', 'completed', 'expired', 'abandoned')),
    session_id      text UNIQUE,
    subscription_id text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz
  )`,
  // No reference to app_user: the account of somebody who never came here by the browser may be announced too.
  account: `CREATE TABLE account (
    user_id    text PRIMARY KEY,
    version    bigint NOT NULL,
    body       jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  pending_change: `CREATE TABLE pending_change (
    user_id         text PRIMARY KEY REFERENCES app_user,
    kind            text NOT NULL CHECK (kind IN ('cancel_at_period_end', 'cancel_now', 'resume')),
    subscription_id text NOT NULL,
    ends_at         timestamptz,
    requested_at    timestamptz NOT NULL
  )`,
};

export class CreateGateway1763856000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, statement] of Object.entries(tables)) {
      await queryRunner.query(statement);
      await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', name);
    }
    await queryRunner.query('CREATE INDEX checkout_attempt_of_user ON checkout_attempt (user_id, created_at DESC)');
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const names = [...Object.keys(tables).toReversed(), 'parked_event', 'attempt', 'inbox', 'outbox'];
    for (const name of names) await queryRunner.query(`DROP TABLE ${name}`);
  }
}
