import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  // One open run of a kind at a time. `position` is where its phase goes on; `due_at` is moved ahead to wait.
  `CREATE TABLE reconcile_run (
     run_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
     kind         text NOT NULL CHECK (kind IN ('reconcile', 'catch_up', 'sweep', 'republish')),
     dry_run      boolean NOT NULL,
     requested_by text NOT NULL,
     note         text,
     phase        text NOT NULL,
     position     text,
     counts       jsonb NOT NULL DEFAULT '{}',
     attempts     integer NOT NULL DEFAULT 0,
     last_error   text,
     failure      text,
     requested_at timestamptz NOT NULL DEFAULT now(),
     started_at   timestamptz,
     progress_at  timestamptz,
     finished_at  timestamptz,
     due_at       timestamptz NOT NULL DEFAULT now()
   )`,
  'CREATE UNIQUE INDEX reconcile_run_open ON reconcile_run (kind) WHERE finished_at IS NULL',
  'CREATE INDEX reconcile_run_newest ON reconcile_run (requested_at DESC, run_id)',
  'CREATE INDEX reconcile_run_newest_of_kind ON reconcile_run (kind, requested_at DESC)',
  // What a sweep's listing has shown: the rest of our rows is asked for one by one. Emptied when the run ends.
  `CREATE TABLE reconcile_seen (
     run_id          uuid NOT NULL REFERENCES reconcile_run ON DELETE CASCADE,
     subscription_id text NOT NULL,
     PRIMARY KEY (run_id, subscription_id)
   )`,
  // A suspicion is looked at again at look_at: what both sides said then is kept, to tell a lasting difference from a passing one.
  `CREATE TABLE reconcile_drift (
     run_id          uuid NOT NULL REFERENCES reconcile_run ON DELETE CASCADE,
     subscription_id text NOT NULL,
     customer_id     text,
     user_id         text,
     state           text NOT NULL CHECK (state IN ('suspected', 'found', 'repaired', 'unresolved')),
     kind            text CHECK (kind IN ('missing', 'extra', 'different')),
     fields          json,
     reason          text,
     stripe_state    text,
     our_state       text,
     looks           integer NOT NULL DEFAULT 0,
     look_at         timestamptz NOT NULL,
     found_at        timestamptz,
     PRIMARY KEY (run_id, subscription_id)
   )`,
  `CREATE INDEX reconcile_drift_suspected ON reconcile_drift (run_id, look_at) WHERE state = 'suspected'`,
  // Up to when every event that Stripe lists has been taken.
  `CREATE TABLE reconcile_cursor (
     stream   text PRIMARY KEY,
     at       timestamptz NOT NULL,
     moved_at timestamptz NOT NULL DEFAULT now()
   )`,
  // Questions whose answer is which subscriptions to ask about. due_at is also the lease, as in pending_fetch.
  `CREATE TABLE pending_pull (
     kind         text NOT NULL CHECK (kind IN ('session', 'user', 'everything')),
     id           text NOT NULL,
     cause_id     text NOT NULL,
     requests     integer NOT NULL DEFAULT 1,
     attempts     integer NOT NULL DEFAULT 0,
     last_error   text,
     requested_at timestamptz NOT NULL DEFAULT now(),
     due_at       timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (kind, id)
   )`,
  'CREATE INDEX pending_pull_due ON pending_pull (due_at)',
];

const grants: [table: string, privileges: string][] = [
  ['reconcile_run', 'SELECT, INSERT, UPDATE'],
  ['reconcile_seen', 'SELECT, INSERT, DELETE'],
  ['reconcile_drift', 'SELECT, INSERT, UPDATE, DELETE'],
  ['reconcile_cursor', 'SELECT, INSERT, UPDATE'],
  ['pending_pull', 'SELECT, INSERT, UPDATE, DELETE'],
];

export class Reconcile1796500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of tables) await queryRunner.query(statement);
    for (const [table, privileges] of grants) await grantToService(queryRunner, privileges, 'TABLE', table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['pending_pull', 'reconcile_cursor', 'reconcile_drift', 'reconcile_seen', 'reconcile_run']) {
      await queryRunner.query(`DROP TABLE ${name}`);
    }
  }
}
