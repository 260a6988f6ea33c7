import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { schema } from '../schema.js';
import { RememberWhatWasUnderstood1796200000000 } from './1796200000000-remember-what-was-understood.js';
import { RememberWhatWasUnderstoodLate1796300000020 } from './1796300000020-remember-what-was-understood-late.js';

let database: TestDatabase;
let admin: Client;
let source: DataSource;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  const role = new URL(database.serviceUrl).username;
  const extra = { options: `-c search_path=subscription -c billhook.service_role=${role}` };
  admin = new Client({ connectionString: database.adminUrl, ...extra });
  await admin.connect();
  const { migrations } = schema;
  source = new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    schema: 'subscription',
    migrations,
    migrationsTransactionMode: 'each',
    extra,
  });
  await source.initialize();
});

afterAll(async () => {
  await source?.destroy();
  await admin?.end();
  await database?.drop();
});

async function insertSubscription(name: string, fields: { status: string; tier: number | null }, accountTier: number) {
  await admin.query(`INSERT INTO customer (customer_id) VALUES ($1)`, [`cus_${name}`]);
  await admin.query(`INSERT INTO account (user_id, tier, version, body) VALUES ($1, $2, 1, '{}')`, [name, accountTier]);
  await admin.query(
    `INSERT INTO subscription (subscription_id, customer_id, user_id, status, tier, cancel_at_period_end,
       stripe_created_at, past_due_is_exact, order_at, order_kind, order_state, order_events)
     VALUES ($1, $2, $3, $4, $5, false, now(), false, '2026-11-01T00:00:00Z', 'updated', '', '{}')`,
    [`sub_${name}`, `cus_${name}`, name, fields.status, fields.tier],
  );
}

interface Remembered {
  understood_status: string | null;
  understood_tier: number | null;
  is_from_then: boolean | null;
}

async function remembered(): Promise<Record<string, Remembered>> {
  const { rows } = await admin.query<Remembered & { user_id: string }>(
    `SELECT user_id, understood_status, understood_tier, understood_at = order_at AS is_from_then
     FROM subscription ORDER BY user_id`,
  );
  return Object.fromEntries(rows.map(({ user_id: userId, ...row }) => [userId, row]));
}
const ofActive = (tier: number): Remembered => ({
  understood_status: 'active',
  understood_tier: tier,
  is_from_then: true,
});
const nothing: Remembered = { understood_status: null, understood_tier: null, is_from_then: null };

async function undoFrom(migration: (typeof schema.migrations)[number]): Promise<void> {
  for (const _ of schema.migrations.slice(schema.migrations.indexOf(migration))) await source.undoLastMigration();
}

it('what nobody here knows goes on with what its user had, and what is understood needs no such memory', async () => {
  await undoFrom(RememberWhatWasUnderstood1796200000000);
  await insertSubscription('legacy', { status: 'active', tier: null }, 2);
  await insertSubscription('invented', { status: 'hibernating', tier: 1 }, 1);
  await insertSubscription('known', { status: 'active', tier: 1 }, 1);
  await insertSubscription('never', { status: 'active', tier: null }, 0);

  await source.runMigrations();
  expect(await remembered()).toEqual({
    invented: ofActive(1),
    known: nothing,
    legacy: ofActive(2),
    never: nothing,
  });
});

it('what the release before wrote during the roll-out is remembered late, and what is remembered already stays', async () => {
  await undoFrom(RememberWhatWasUnderstoodLate1796300000020);
  await insertSubscription('rolled', { status: 'active', tier: null }, 2);
  await insertSubscription('mine', { status: 'active', tier: null }, 2);
  await admin.query(
    `UPDATE subscription SET understood_status = 'past_due', understood_tier = 1, understood_at = order_at
     WHERE user_id = 'mine'`,
  );
  await source.runMigrations();
  const own = { understood_status: 'past_due', understood_tier: 1, is_from_then: true };
  expect(await remembered()).toMatchObject({ rolled: ofActive(2), mine: own, known: nothing });
  await undoFrom(RememberWhatWasUnderstoodLate1796300000020);
  await source.runMigrations();
  expect(await remembered()).toMatchObject({ rolled: ofActive(2), mine: own, known: nothing });
});
