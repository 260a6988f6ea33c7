import { grantToService } from '@billhook/database';
import { createInboxTables, createOutboxTable } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  // A customer whose user is not known yet has a row too: it is what concurrent batches lock and wait for.
  `CREATE TABLE customer (
     customer_id text PRIMARY KEY,
     user_id     text CHECK (length(user_id) BETWEEN 1 AND 255),
     source      text CHECK (source IN ('announced', 'metadata')),
     linked_at   timestamptz,
     CHECK ((user_id IS NULL) = (source IS NULL) AND (user_id IS NULL) = (linked_at IS NULL))
   )`,
  `CREATE TABLE account (
     user_id            text PRIMARY KEY CHECK (length(user_id) BETWEEN 1 AND 255),
     tier               smallint NOT NULL CHECK (tier BETWEEN 0 AND 2),
     version            integer NOT NULL CHECK (version >= 0),
     newest_stripe_time timestamptz,
     body               jsonb NOT NULL,
     updated_at         timestamptz NOT NULL DEFAULT now()
   )`,
  // stripe_created_at is Stripe's; created_at and updated_at are ours. order_* is what the next decision needs.
  `CREATE TABLE subscription (
     subscription_id      text PRIMARY KEY,
     customer_id          text NOT NULL REFERENCES customer,
     user_id              text NOT NULL REFERENCES account,
     price_id             text,
     status               text NOT NULL,
     tier                 smallint CHECK (tier BETWEEN 0 AND 2),
     billing_cycle        text CHECK (billing_cycle IN ('monthly', 'yearly')),
     current_period_start timestamptz,
     current_period_end   timestamptz,
     cancel_at_period_end boolean NOT NULL,
     cancel_at            timestamptz,
     canceled_at          timestamptz,
     ended_at             timestamptz,
     trial_end            timestamptz,
     stripe_created_at    timestamptz NOT NULL,
     past_due_since       timestamptz,
     past_due_is_exact    boolean NOT NULL,
     order_at             timestamptz NOT NULL,
     order_kind           text NOT NULL CHECK (order_kind IN ('created', 'updated', 'deleted', 'fetched')),
     order_state          text NOT NULL,
     order_started_from   text,
     order_events         text[] NOT NULL,
     created_at           timestamptz NOT NULL DEFAULT now(),
     updated_at           timestamptz NOT NULL DEFAULT now()
   )`,
  'CREATE INDEX subscription_of_user ON subscription (user_id)',
  // Stripe sends invoice.paid and invoice.payment_succeeded for one payment, and payment_failed once per attempt (0: paid).
  `CREATE TABLE payment (
     invoice_id      text NOT NULL,
     outcome         text NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
     attempt         integer NOT NULL,
     event_id        text NOT NULL,
     user_id         text NOT NULL REFERENCES account,
     customer_id     text NOT NULL REFERENCES customer,
     subscription_id text,
     amount          bigint NOT NULL,
     currency        text NOT NULL,
     occurred_at     timestamptz NOT NULL,
     PRIMARY KEY (invoice_id, outcome, attempt)
   )`,
  'CREATE INDEX payment_of_user ON payment (user_id, occurred_at DESC)',
  // due_at is also the lease: whoever asks Stripe moves it ahead, and nobody else asks until then.
  `CREATE TABLE pending_fetch (
     subscription_id text PRIMARY KEY,
     customer_id     text NOT NULL REFERENCES customer,
     reason          text NOT NULL,
     cause_id        text NOT NULL,
     requests        integer NOT NULL DEFAULT 1,
     attempts        integer NOT NULL DEFAULT 0,
     last_error      text,
     requested_at    timestamptz NOT NULL DEFAULT now(),
     due_at          timestamptz NOT NULL DEFAULT now()
   )`,
  'CREATE INDEX pending_fetch_due ON pending_fetch (due_at)',
  // Partitioned by when it was recorded, which cannot lie: a test clock's events come from any month. Headers are json and
  // not jsonb, which refuses what Stripe's metadata may hold; the body is the exact bytes that were signed.
  `CREATE TABLE raw_event (
     event_id    text NOT NULL,
     type        text NOT NULL,
     customer_id text,
     user_id     text,
     occurred_at timestamptz NOT NULL,
     recorded_at timestamptz NOT NULL DEFAULT now(),
     headers     json,
     body        bytea,
     body_sha256 bytea NOT NULL,
     PRIMARY KEY (event_id, recorded_at)
   ) PARTITION BY RANGE (recorded_at)`,
  'CREATE TABLE raw_event_default PARTITION OF raw_event DEFAULT',
  'CREATE INDEX raw_event_of_customer ON raw_event (customer_id, recorded_at DESC) WHERE customer_id IS NOT NULL',
  'CREATE INDEX raw_event_of_user ON raw_event (user_id, recorded_at DESC) WHERE user_id IS NOT NULL',
];

const grants: [table: string, privileges: string][] = [
  ['customer', 'SELECT, INSERT, UPDATE'],
  ['account', 'SELECT, INSERT, UPDATE'],
  ['subscription', 'SELECT, INSERT, UPDATE'],
  ['payment', 'SELECT, INSERT'],
  ['pending_fetch', 'SELECT, INSERT, UPDATE, DELETE'],
  ['raw_event', 'SELECT, INSERT'],
];

export class CreateSubscription1795392000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    for (const statement of tables) await queryRunner.query(statement);
    for (const [table, privileges] of grants) await grantToService(queryRunner, privileges, 'TABLE', table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const own = ['raw_event', 'pending_fetch', 'payment', 'subscription', 'account', 'customer'];
    for (const name of [...own, 'parked_event', 'attempt', 'inbox', 'outbox']) {
      await queryRunner.query(`DROP TABLE ${name}`);
    }
  }
}
