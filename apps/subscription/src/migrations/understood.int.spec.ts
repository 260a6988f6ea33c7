import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { schema } from '../schema.js';
import { RememberWhatWasUnderstood1796200000000 } from './1796200000000-remember-what-was-understood.js';

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
  source = new DataSource({ type: 'postgres', url: database.adminUrl, schema: 'subscription', migrations, extra });
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

it('what nobody here knows goes on with what its user had, and what is understood needs no such memory', async () => {
  const position = schema.migrations.indexOf(RememberWhatWasUnderstood1796200000000);
  for (const _ of schema.migrations.slice(position)) await source.undoLastMigration();
  await insertSubscription('legacy', { status: 'active', tier: null }, 2);
  await insertSubscription('invented', { status: 'hibernating', tier: 1 }, 1);
  await insertSubscription('known', { status: 'active', tier: 1 }, 1);
  await insertSubscription('never', { status: 'active', tier: null }, 0);

  await source.runMigrations();
  const { rows } = await admin.query(
    `SELECT user_id, understood_status, understood_tier, understood_at = order_at AS is_from_then
     FROM subscription ORDER BY user_id`,
  );
  const remembered = { understood_status: 'active', is_from_then: true };
  const nothing = { understood_status: null, understood_tier: null, is_from_then: null };
  expect(rows).toEqual([
    { user_id: 'invented', ...remembered, understood_tier: 1 },
    { user_id: 'known', ...nothing },
    { user_id: 'legacy', ...remembered, understood_tier: 2 },
    { user_id: 'never', ...nothing },
  ]);
});
