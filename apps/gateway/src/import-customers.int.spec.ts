import { aCustomer, createTestDatabase, ended, projectFile, startReaper, waitFor } from '@billhook/testing';
import type { Reaper, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'pg';
import { schema } from './schema.js';

/** About twice what the program itself takes, and less than the largest file here. */
const mostHeapMb = 80;

/** A program's start, on a busy machine. */
const startWithinMs = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'billhook-import-'));
const file = join(folder, 'customers.csv');

let database: TestDatabase;
let pool: Pool;
let server: Server;
let reaper: Reaper;
let apiBase: string;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  pool = new Pool({ connectionString: database.adminUrl, max: 1, options: '-c search_path=gateway' });
  reaper = startReaper();
  server = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? '';
    const found = id.startsWith('cus_');
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    const error = { type: 'invalid_request_error', code: 'resource_missing', message: 'No such customer' };
    response.end(JSON.stringify(found ? aCustomer({ id, metadata: {} }) : { error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend Stripe has no port');
  apiBase = `http://127.0.0.1:${address.port}`;
});

afterAll(async () => {
  await reaper?.close();
  server?.close();
  server?.closeAllConnections();
  await pool?.end();
  await database?.drop();
  rmSync(folder, { recursive: true });
});

/** The gateway's own environment. */
const settings = () => ({
  PATH: process.env['PATH'],
  DATABASE_URL: database.serviceUrl,
  RABBITMQ_URL: 'amqp://127.0.0.1:5672',
  STRIPE_SECRET_KEY: 'sk_test_madeup',
  STRIPE_API_BASE: apiBase,
  STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
  STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
  STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
  STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
  AUTH_ISSUER: 'http://localhost:3004',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'http://localhost:3004/.well-known/jwks.json',
  PUBLIC_URL: 'http://localhost:3000',
  SIGN_IN_URL: 'http://localhost:3004/sign-in',
  DASHBOARD_URL: 'http://localhost:3000/profile',
});

function command(name: string, ...given: string[]) {
  return commandIn(settings(), name, given);
}

/** The compiled command. Needs a build. */
function commandIn(env: NodeJS.ProcessEnv, name: string, given: readonly string[]) {
  const logFile = join(folder, `${name}.log`);
  const main = projectFile('dist/apps/gateway/src/import-customers.command.js');
  const child = reaper.spawn(process.execPath, [`--max-old-space-size=${mostHeapMb}`, main, ...given], {
    logFile,
    env,
  });
  return { child, ended: ended(child), output: () => readFileSync(logFile, 'utf8') };
}

async function linkedCount(): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM customer');
  return Number(rows[0]?.count);
}

describe('the import command', () => {
  it('is killed in the middle and goes on with its next run', async () => {
    const rows = Array.from({ length: 60 }, (_, index) => `user-${index},cus_${index}`);
    writeFileSync(file, [...rows, 'nobody,none'].join('\n'));
    const first = command('first', file, '--apply');
    await waitFor('some to be linked', async () => (await linkedCount()) >= 5, startWithinMs);
    first.child.kill('SIGKILL');
    await first.ended;
    const before = await linkedCount();
    expect(before).toBeLessThan(60);

    const second = command('second', file, '--apply');
    expect(await second.ended).toBe(1);
    expect(await linkedCount()).toBe(60);
    expect(second.output()).toContain('       60 linked');
    expect(second.output()).toContain('        1 customer_missing');
    expect(readFileSync(`${file}.refused.csv`, 'utf8')).toContain('nobody,none,61,customer_missing');
  });

  it('holds no file in memory, however large', async () => {
    const large = join(folder, 'large.csv');
    const padding = 'x'.repeat(240);
    await pipeline(function* () {
      for (let line = 0; line < 100_000; line += 1) yield `${line}${padding},cus_${padding}\n`;
    }, createWriteStream(large));
    const run = command('large', large);
    expect([await run.ended, run.output()]).toEqual([1, expect.stringContaining('   100000 customer_twice_in_file')]);
    expect(readFileSync(`${large}.refused.csv`, 'utf8').split('\n')).toHaveLength(100_002);
  }, 300_000);

  it('does nothing without --apply, and says how it is used', async () => {
    const other = join(folder, 'other.csv');
    writeFileSync(other, 'new,cus_new\n');
    const dry = command('dry', other);
    expect(await dry.ended).toBe(0);
    expect(dry.output()).toContain('        1 would be linked');
    expect(await linkedCount()).toBe(60);
    const lost = command('lost');
    expect(await lost.ended).toBe(2);
    expect(lost.output()).toContain('Usage: import-customers FILE');
  });

  it('exits 2 when a setting is missing, since 1 would say that rows were refused', async () => {
    const poor = commandIn({ ...settings(), STRIPE_SECRET_KEY: '' }, 'poor', [file]);
    expect(await poor.ended).toBe(2);
    expect(poor.output()).toContain('STRIPE_SECRET_KEY is missing');
  });
});
