import { afterAll, beforeAll, expect, it } from '@jest/globals';
import amqp from 'amqplib';
import type { ServiceSchema } from '@billhook/database';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { createTestBroker } from './test-broker.client.js';
import type { TestBroker } from './test-broker.client.js';
import { createTestDatabase } from './test-database.store.js';
import type { TestDatabase } from './test-database.store.js';
import { virtualHosts } from './infrastructure/virtual-hosts.client.js';
import { waitFor } from './wait-for.js';

class CreateNote1 {
  name = 'CreateNote1793491200000';
  up(queryRunner: QueryRunner): Promise<void> {
    return queryRunner.query('CREATE TABLE note (id int)');
  }
  down(): Promise<void> {
    return Promise.resolve();
  }
}
const service: ServiceSchema = { schema: 'gateway', migrations: [CreateNote1] };

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

let first: TestDatabase;
let second: TestDatabase;
let broker: TestBroker;

beforeAll(async () => {
  [first, second, broker] = await Promise.all([
    createTestDatabase(service),
    createTestDatabase(service),
    createTestBroker({ declare: false }),
  ]);
});
afterAll(() => Promise.all([first.drop(), second.drop()]));

it('gives each caller a database of its own', async () => {
  await query(first.adminUrl, 'CREATE TABLE public.only_here ()');
  const here = await query(first.adminUrl, `SELECT to_regclass('public.only_here') IS NOT NULL AS found`);
  const there = await query(second.adminUrl, `SELECT to_regclass('public.only_here') IS NOT NULL AS found`);
  expect([here, there]).toEqual([[{ found: true }], [{ found: false }]]);
});

it('clones the migrated schema, and lets the service in under a role of its own that is no superuser', async () => {
  const [role] = await query(first.serviceUrl, 'SELECT usename, usesuper FROM pg_user WHERE usename = current_user');
  expect(role).toMatchObject({ usename: expect.stringMatching(/_gateway$/), usesuper: false });
  const [table] = await query(first.adminUrl, `SELECT to_regclass('gateway.note') IS NOT NULL AS found`);
  expect(table).toEqual({ found: true });
});

it('drops a database although somebody is still connected', async () => {
  const database = await createTestDatabase(service);
  const lingering = new pg.Client({ connectionString: database.serviceUrl });
  lingering.on('error', () => undefined);
  await lingering.connect();
  await database.drop();
  await expect(query(database.adminUrl, 'SELECT 1')).rejects.toThrow(/does not exist/);
});

it('lets whoever is about to close finish before it drops a database', async () => {
  const database = await createTestDatabase(service);
  const busy = new pg.Client({ connectionString: database.serviceUrl });
  await busy.connect();
  const work = (async () => {
    const { rows } = await busy.query('SELECT 1 AS done, pg_sleep(0.3)');
    await busy.end();
    return rows;
  })();
  await database.drop();
  expect(await work).toMatchObject([{ done: 1 }]);
});

it('gives a virtual host of its own, which dropping deletes', async () => {
  const connection = await amqp.connect(broker.url, { noDelay: true });
  await (await connection.createChannel()).assertQueue('mine');
  await connection.close();
  expect(await virtualHosts(broker.managementUrl)).toContain(broker.vhost);
  await broker.drop();
  expect(await virtualHosts(broker.managementUrl)).not.toContain(broker.vhost);
});

it('names what it waited for in vain, with the last reason', async () => {
  const wait = waitFor('the moon', () => Promise.reject(new Error('cloudy')), 60);
  await expect(wait).rejects.toThrow('waited 0.06 s in vain for the moon: cloudy');
});
