import { createStripeClient } from '@billhook/stripe';
import { aCustomer, createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { QueryResultRow } from 'pg';
import type Stripe from 'stripe';
import { schema } from '../schema.js';
import { exitCodeOf, reportOf } from './import-report.js';
import type { Tally } from './import-progress.store.js';
import { runImport } from './run-import.client.js';

const folder = mkdtempSync(join(tmpdir(), 'billhook-import-'));
const file = join(folder, 'customers.csv');
const refusedFile = join(folder, 'refused.csv');

let database: TestDatabase;
let pool: Pool;
let server: Server;
let stripe: Stripe;
/** What Stripe answers for a customer, and what it was asked. */
let customerAt: (id: string) => { status: number; body: object };
let asked: string[];

beforeAll(async () => {
  database = await createTestDatabase(schema);
  pool = new Pool({ connectionString: database.adminUrl, max: 2, options: '-c search_path=gateway' });
  server = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? '';
    asked.push(id);
    const { status, body } = customerAt(id);
    response.writeHead(status, { 'content-type': 'application/json', 'stripe-should-retry': 'false' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend Stripe has no port');
  const apiBase = `http://127.0.0.1:${address.port}`;
  stripe = createStripeClient({ secretKey: 'sk_test_madeup', apiBase, nodeEnv: 'test' });
});

afterAll(async () => {
  server?.close();
  server?.closeAllConnections();
  await pool?.end();
  await database?.drop();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  asked = [];
  customerAt = (id) => ({ status: 200, body: aCustomer({ id, metadata: {} }) });
  await pool.query('TRUNCATE customer, app_user, outbox, customer_import CASCADE');
});

async function rowsOf<T extends QueryResultRow>(sql: string): Promise<T[]> {
  return (await pool.query<T>(sql)).rows;
}

const linked = () => rowsOf('SELECT user_id, customer_id FROM customer ORDER BY user_id');
const announced = () =>
  rowsOf<{ type: string; subject: string }>(
    `SELECT type, attributes->>'subject' AS subject FROM outbox ORDER BY outbox.id`,
  );

async function importRows(text: string, options: { isDryRun?: boolean } = {}): Promise<Tally> {
  writeFileSync(file, text);
  return importFile(options);
}

async function importFile({
  isDryRun = false,
  onProgress = (_settled: number): void => undefined,
} = {}): Promise<Tally> {
  const databaseUrl = database.serviceUrl;
  const tally = await runImport({ databaseUrl, stripe, file, refusedFile, isDryRun, onProgress, firstPauseMs: 10 });
  if (tally === null) throw new Error('another import is running');
  return tally;
}

const nothing: Tally = { linked: 0, already_linked: 0, would_link: 0, repeated: 0, refused: {}, pending: 0 };

function users(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `user-${from + index},cus_${from + index}\n`).join('');
}

describe('an import', () => {
  it('links each user to their customer, announces it, and asks for a pull of what they subscribed to', async () => {
    expect(await importRows('user_id,customer_id\nanna,cus_a\nbert,cus_b\n')).toEqual({ ...nothing, linked: 2 });
    expect(await linked()).toEqual([
      { user_id: 'anna', customer_id: 'cus_a' },
      { user_id: 'bert', customer_id: 'cus_b' },
    ]);
    const ofAnna = (await announced()).filter(({ subject }) => subject === 'anna');
    expect(ofAnna.map(({ type }) => type)).toEqual([
      'billing.account.opened',
      'billing.customer.linked',
      'billing.reconcile.requested',
    ]);
    const [link] = await rowsOf(
      `SELECT convert_from(body, 'UTF8') AS body, attributes->>'actor' AS actor FROM outbox
       WHERE type = 'billing.customer.linked' AND attributes->>'subject' = 'anna'`,
    );
    expect(link).toEqual({ body: '{"user_id":"anna","customer_id":"cus_a"}', actor: 'ops:import' });
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    const tally = await importRows('anna,cus_a\nbert,cus_b\nbert,cus_b\n', { isDryRun: true });
    expect(tally).toEqual({ ...nothing, would_link: 2, repeated: 1 });
    expect(await linked()).toEqual([]);
    expect(await announced()).toEqual([]);
    const report = reportOf(tally, { isDryRun: true, refusedFile });
    expect(report).toContain('        2 would be linked');
    expect(report).toContain('--apply');
    expect(exitCodeOf(tally)).toBe(0);
  });

  it('does nothing when it is run a second time, and asks Stripe nothing', async () => {
    await importRows(users(0, 5));
    const before = await announced();
    asked = [];
    expect(await importFile()).toEqual({ ...nothing, already_linked: 5 });
    expect(await announced()).toEqual(before);
    expect(asked).toEqual([]);
  });

  it('takes over a customer that a checkout began to make and never made', async () => {
    await pool.query(`INSERT INTO app_user (user_id) VALUES ('anna')`);
    await pool.query(`INSERT INTO customer (user_id, attempt_id) VALUES ('anna', gen_random_uuid())`);
    expect(await importRows('anna,cus_a\n')).toEqual({ ...nothing, linked: 1 });
    expect(await linked()).toEqual([{ user_id: 'anna', customer_id: 'cus_a' }]);
    expect((await announced()).map(({ type }) => type)).not.toContain('billing.account.opened');
  });
});

describe('a row that cannot be right', () => {
  it('is refused with its reason, in the order of the file, and holds up no other', async () => {
    await importRows('owner,cus_owned\n');
    const bodies: Record<string, { status: number; body: object }> = {
      cus_gone: { status: 404, body: { error: { type: 'invalid_request_error', code: 'resource_missing' } } },
      cus_deleted: { status: 200, body: { id: 'cus_deleted', object: 'customer', deleted: true } },
      cus_named: { status: 200, body: aCustomer({ id: 'cus_named', metadata: { user_id: 'somebody' } }) },
    };
    const usual = customerAt;
    customerAt = (id) => bodies[id] ?? usual(id);
    const rows = [
      'user_id,customer_id',
      'good,cus_good',
      'no customer here',
      'lost,cus_gone',
      'late,cus_deleted',
      'other,cus_named',
      'owner,cus_second',
      'thief,cus_owned',
      'twice,cus_t1',
      'twice,cus_t2',
      'one,cus_shared',
      'two,cus_shared',
      '"last, first",cus_l',
    ];
    const tally = await importRows(`${rows.join('\n')}\n`);
    expect(tally).toMatchObject({ linked: 2, pending: 0 });
    expect(exitCodeOf(tally)).toBe(1);
    const lines = readFileSync(refusedFile, 'utf8').split('\n');
    expect(lines.slice(1, -1).map((text) => text.split(',').slice(0, 4).join(','))).toEqual([
      ',,3,unreadable',
      'lost,cus_gone,4,customer_missing',
      'late,cus_deleted,5,customer_deleted',
      'other,cus_named,6,customer_names_another_user',
      'owner,cus_second,7,user_has_another_customer',
      'thief,cus_owned,8,customer_of_another_user',
      'twice,cus_t1,9,user_twice_in_file',
      'twice,cus_t2,10,user_twice_in_file',
      'one,cus_shared,11,customer_twice_in_file',
      'two,cus_shared,12,customer_twice_in_file',
    ]);
    expect(reportOf(tally, { isDryRun: false, refusedFile })).toContain(`10 refused, listed in ${refusedFile}:`);
  });

  it('is judged anew by the next run, once it has been mended at Stripe', async () => {
    customerAt = () => ({ status: 404, body: { error: { type: 'invalid_request_error', code: 'resource_missing' } } });
    expect(await importRows('anna,cus_a\n')).toMatchObject({ linked: 0, refused: { customer_missing: 1 } });
    customerAt = (id) => ({ status: 200, body: aCustomer({ id, metadata: {} }) });
    expect(await importFile()).toEqual({ ...nothing, linked: 1 });
  });
});

describe('an import that is broken off', () => {
  it('goes on where it was, and links and announces each row once', async () => {
    writeFileSync(file, users(0, 350));
    const broken = importFile({
      onProgress: (settled) => {
        if (settled >= 200) throw new Error('the machine was switched off');
      },
    });
    await expect(broken).rejects.toThrow('switched off');
    expect(await linked()).toHaveLength(200);
    asked = [];
    expect(await importFile()).toEqual({ ...nothing, linked: 350 });
    expect(asked).toHaveLength(150);
    const links = (await announced()).filter(({ type }) => type === 'billing.customer.linked');
    expect(links).toHaveLength(350);
    expect(new Set(links.map(({ subject }) => subject)).size).toBe(350);
    expect(await rowsOf('SELECT FROM customer_import')).toEqual([]);
  });

  it('waits for a Stripe that has no time, and keeps its progress when that lasts', async () => {
    const tooMany = { status: 429, body: { error: { type: 'invalid_request_error', code: 'rate_limit' } } };
    const usual = customerAt;
    customerAt = (id) => (asked.length % 2 === 0 ? tooMany : usual(id));
    expect(await importRows(users(0, 40))).toEqual({ ...nothing, linked: 40 });

    customerAt = (id) => (id === 'cus_70' ? tooMany : usual(id));
    await expect(importRows(users(0, 80))).rejects.toThrow('stripe_unavailable');
    customerAt = usual;
    expect(await importFile()).toMatchObject({ pending: 0 });
    expect(await linked()).toHaveLength(80);
  });

  it('ends at once when Stripe does not take the key: no row is to blame', async () => {
    customerAt = () => ({
      status: 401,
      body: { error: { type: 'invalid_request_error', message: 'Invalid API Key' } },
    });
    await expect(importRows('anna,cus_a\n')).rejects.toThrow('stripe_refused');
    expect(await linked()).toEqual([]);
  });
});

describe('two imports at once', () => {
  it('are one: the second is told that the first is at it', async () => {
    writeFileSync(file, users(0, 150));
    const [first, second] = await Promise.allSettled([importFile(), importFile()]);
    expect([first.status, second.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await linked()).toHaveLength(150);
  });
});

describe('a large file', () => {
  it('of 10,000 customers is judged whole, whatever Stripe is busy with', async () => {
    const tally = await importRows(users(0, 10_000), { isDryRun: true });
    expect(tally).toEqual({ ...nothing, would_link: 10_000 });
    expect(new Set(asked).size).toBe(10_000);
  }, 180_000);
});
