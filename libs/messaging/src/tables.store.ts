import { grantToService } from '@billhook/database';
import type { QueryRunner } from 'typeorm';

/**
 * For a service's migration: `inbox` remembers every event once (rows default to applied, so that only the others cost an
 * update; milliseconds, because a page ends at one and JavaScript knows no finer), `attempt` marks events that came again,
 * `parked_event` keeps what is tried again or waits for a person or another event.
 * Headers are json, not jsonb: jsonb refuses NUL escapes and lone surrogates, which Stripe's metadata may hold.
 */
export async function createInboxTables(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(
    `CREATE TABLE inbox (
       consumer text NOT NULL,
       event_id text NOT NULL,
       type text NOT NULL,
       outcome text NOT NULL DEFAULT 'applied',
       reason text,
       recorded_at timestamptz(3) NOT NULL DEFAULT now(),
       PRIMARY KEY (consumer, event_id)
     ) WITH (fillfactor = 90)`,
  );
  await queryRunner.query('CREATE INDEX inbox_newest ON inbox (consumer, recorded_at DESC, event_id DESC)');
  await queryRunner.query(
    `CREATE TABLE attempt (
       consumer text NOT NULL,
       event_id text NOT NULL,
       attempts integer NOT NULL,
       last_error text,
       updated_at timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (consumer, event_id)
     )`,
  );
  await queryRunner.query(
    `CREATE TABLE parked_event (
       consumer text NOT NULL,
       event_id text NOT NULL,
       type text NOT NULL,
       reason text NOT NULL,
       key text,
       headers json NOT NULL,
       body bytea NOT NULL,
       attempts integer NOT NULL,
       parked_at timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (consumer, event_id)
     )`,
  );
  await queryRunner.query('CREATE INDEX parked_event_key ON parked_event (consumer, key) WHERE key IS NOT NULL');
  await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'inbox');
  await grantToService(queryRunner, 'SELECT, INSERT, UPDATE, DELETE', 'TABLE', 'attempt');
  await grantToService(queryRunner, 'SELECT, INSERT, UPDATE, DELETE', 'TABLE', 'parked_event');
}

/**
 * For a service's migration after `createInboxTables`, with `transaction = false`: failed events are tried again from
 * `parked_event` (due at `retry_at`, null once they wait for a person), and ops find them without reading the inbox through.
 * A million events are mostly applied ones, which neither index holds. Indexes are built concurrently, so that a service at
 * work goes on; one that was interrupted left an invalid index behind, hence the DROP. A redacted event has no body any more.
 */
export async function addRetries(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(
    `ALTER TABLE parked_event
       ADD COLUMN IF NOT EXISTS retry_at timestamptz,
       ALTER COLUMN headers DROP NOT NULL,
       ALTER COLUMN body DROP NOT NULL`,
  );
  const indexes = {
    parked_event_due: 'parked_event (consumer, retry_at) WHERE retry_at IS NOT NULL',
    inbox_unapplied: `inbox (consumer, outcome, recorded_at DESC, event_id DESC) WHERE outcome <> 'applied'`,
  };
  for (const [name, definition] of Object.entries(indexes)) {
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await queryRunner.query(`CREATE INDEX CONCURRENTLY ${name} ON ${definition}`);
  }
}

/** Undoes `addRetries`. Redacted events would not fit the table as it was: they stay. */
export async function dropRetries(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query('DROP INDEX IF EXISTS parked_event_due, inbox_unapplied');
  await queryRunner.query('ALTER TABLE parked_event DROP COLUMN IF EXISTS retry_at');
}

/** For a service's migration. The partial index holds only what is still to be sent, however many rows were. */
export async function createOutboxTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(
    `CREATE TABLE outbox (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       event_id uuid NOT NULL,
       type text NOT NULL,
       attributes json NOT NULL,
       body bytea NOT NULL,
       created_at timestamptz NOT NULL DEFAULT now(),
       sent_at timestamptz
     )`,
  );
  await queryRunner.query('CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL');
  await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'outbox');
}
