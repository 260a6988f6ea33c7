import { toHeaders } from '@billhook/contracts';
import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import { createTestDatabase, waitFor } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { DeadLetter } from './dead-letter.js';
import { DeadLetters } from './dead-letters.store.js';
import type { DeadLetterFate } from './dead-letters.store.js';
import { Inbox } from './inbox.store.js';
import { addRetries, createInboxTables, createOutboxTable } from './tables.store.js';
import { topology } from './topology.js';
import { declareTopology } from './topology.relay.js';
import { queue, TransportUnderTest } from './transport.spec-support.js';

class DeadLetterTables1764000000031 implements MigrationInterface {
  readonly name = 'DeadLetterTables1764000000031';
  readonly transaction = false;
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    await addRetries(queryRunner);
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = { schema: 'gateway', migrations: [DeadLetterTables1764000000031] };
const deadQueue = topology.queues[queue].deadLetterQueue;
const routingKey = 'billing.account.changed';
const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x0a]);
/** More often than the broker allows. */
const tooOften = 60;

let database: TestDatabase;
let dataSource: DataSource;
let under: TransportUnderTest;
let deadLetters: DeadLetters;

beforeAll(async () => {
  [database, under] = await Promise.all([createTestDatabase(schema), TransportUnderTest.create()]);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'gateway', applicationName: 'dead-letters-spec' }),
  ).initialize();
  deadLetters = new DeadLetters({ dataSource, consumer: 'spec', outboxSource: 'gateway' });
});
afterAll(async () => {
  await under?.end();
  await dataSource?.destroy();
  await database?.drop();
});
beforeEach(() => register.resetMetrics());
afterEach(async () => {
  await under.stop();
  await under.channel.purgeQueue(queue);
});

function publishTo(name: string, headers: Record<string, unknown>): void {
  under.channel.publish('', name, bytes, { headers, persistent: true });
}

const headersOf = (id: string): Record<string, unknown> =>
  toHeaders({ id, source: 'subscription', type: routingKey, time: '2026-11-23T12:00:00.000Z' });

/** As a consumer would that dies of it, again and again. */
async function dieOf(id: string): Promise<void> {
  publishTo(queue, headersOf(id));
  let tries = 0;
  await waitFor('the dead letter', async () => {
    const message = await under.channel.get(queue);
    if (message !== false) under.channel.reject(message, true);
    tries += message === false ? 0 : 1;
    return (tries > 0 && message === false && (await lying()) === 1) || tries > tooOften;
  });
}

const lying = async (): Promise<number> => (await under.channel.checkQueue(deadQueue)).messageCount;
const isEmpty = (): Promise<true> =>
  waitFor(
    'an empty dead-letter queue',
    async () => (await metricOf('billhook_dead_letters')) === 0 && (await lying()) === 0,
  );

const parked = (): Promise<Record<string, unknown>[]> =>
  dataSource.query('SELECT event_id, type, reason, headers, body FROM parked_event ORDER BY parked_at');
const announcedOf = (id: string): Promise<unknown[]> =>
  dataSource.query(
    `SELECT type FROM outbox WHERE convert_from(body, 'UTF8')::json->>'event_id' = $1 AND type = 'billing.event.parked'`,
    [id],
  );

async function metricOf(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const metric = await register.getSingleMetric(name)?.get();
  const wanted = Object.entries({ queue: deadQueue, ...labels });
  return metric?.values.find((value) => wanted.every(([key, label]) => value.labels[key] === label))?.value;
}
const movedAs = (outcome: string) => metricOf('billhook_dead_letters_moved_total', { outcome });

describe('a dead letter', () => {
  it('F40: that came to the broker’s delivery limit ends parked, byte for byte, and is announced', async () => {
    await dieOf('evt_limit');
    await under.start({ deadLetters });
    await waitFor('its parking', async () => (await movedAs('parked')) === 1);
    const [row] = (await parked()).filter((each) => each['event_id'] === 'evt_limit');
    expect(row).toMatchObject({ type: routingKey, reason: 'dead_letter: delivery_limit', body: bytes });
    const kept = await dataSource.transaction((manager) => new Inbox('spec').takeParked(manager, 'evt_limit'));
    expect(kept).toMatchObject({ delivery: { attributes: { id: 'evt_limit', source: 'subscription' } } });
    expect(await dataSource.query(`SELECT outcome, reason FROM inbox WHERE event_id = 'evt_limit'`)).toEqual([
      { outcome: 'parked', reason: 'dead_letter: delivery_limit' },
    ]);
    expect(await announcedOf('evt_limit')).toHaveLength(1);
    await isEmpty();
  });

  it('F40: that is no event is parked under the hash of what was published, once however often it comes', async () => {
    await under.start({ deadLetters });
    publishTo(queue, { 'cloudEvents:id': 'evt_bad' });
    await waitFor('its parking', async () => (await movedAs('undecodable')) === 1);
    publishTo(queue, { 'cloudEvents:id': 'evt_bad' });
    await waitFor('the second', async () => (await movedAs('known')) === 1);
    const rows = (await parked()).filter((row) => row['type'] === 'dead_letter.undecodable');
    expect(rows).toEqual([
      {
        event_id: expect.stringMatching(/^dead-[0-9a-f]{64}$/),
        type: 'dead_letter.undecodable',
        reason: expect.stringMatching(/^undecodable: /),
        headers: expect.objectContaining({ 'cloudEvents:id': 'evt_bad', 'x-first-death-reason': 'rejected' }),
        body: bytes,
      },
    ]);
    expect(await announcedOf(String(rows[0]?.['event_id']))).toHaveLength(1);
    await isEmpty();
  });

  it('F24: whose consumer dies between commit and acknowledgement is moved once', async () => {
    const committed = Promise.withResolvers<void>();
    const dead = Promise.withResolvers<void>();
    const fates: DeadLetterFate[] = [];
    const park = async (letter: DeadLetter): Promise<DeadLetterFate> => {
      const fate = await deadLetters.park(letter);
      fates.push(fate);
      committed.resolve();
      if (fates.length === 1) await dead.promise;
      return fate;
    };
    await under.start({ deadLetters: { park } });
    publishTo(deadQueue, headersOf('evt_twice'));
    await committed.promise;
    under.cable.cut();
    dead.resolve();
    await waitFor('the second delivery', () => fates.length === 2);
    expect(fates).toEqual(['parked', 'known']);
    expect((await parked()).filter((row) => row['event_id'] === 'evt_twice')).toHaveLength(1);
    expect(await announcedOf('evt_twice')).toHaveLength(1);
    await isEmpty();
  });

  it('of an event that is settled changes nothing', async () => {
    await dataSource.query(`INSERT INTO inbox (consumer, event_id, type) VALUES ('spec', 'evt_done', $1)`, [
      routingKey,
    ]);
    await under.start({ deadLetters });
    publishTo(deadQueue, headersOf('evt_done'));
    await waitFor('its end', async () => (await movedAs('known')) === 1);
    expect(await dataSource.query(`SELECT outcome FROM inbox WHERE event_id = 'evt_done'`)).toEqual([
      { outcome: 'applied' },
    ]);
    expect((await parked()).filter((row) => row['event_id'] === 'evt_done')).toEqual([]);
    await isEmpty();
  });

  it('waits in hand while it cannot be parked, seldom tried, never given back, and nobody is unready for it', async () => {
    let tries = 0;
    let isUp = false;
    const park = (letter: DeadLetter): Promise<DeadLetterFate> => {
      tries += 1;
      return isUp ? deadLetters.park(letter) : Promise.reject(new Retryable('database_unavailable'));
    };
    await under.start({ deadLetters: { park } });
    publishTo(deadQueue, headersOf('evt_waits'));
    publishTo(deadQueue, headersOf('evt_behind'));
    await waitFor('the fourth try', () => tries >= 4);
    await waitFor('both to be counted', async () => (await metricOf('billhook_dead_letters')) === 2);
    expect(await under.trouble()).toBeUndefined();
    isUp = true;
    await waitFor('both', async () => (await movedAs('parked')) === 2);
    // 250 ms, then twice as long each time: in the forty seconds that the waits above may take, nine tries.
    expect(tries).toBeLessThan(10);
    const ids = (await parked()).map((row) => row['event_id']);
    expect(ids.slice(-2)).toEqual(['evt_waits', 'evt_behind']);
    await isEmpty();
  });

  it('F42: has nobody unready while its queue is missing, and is moved once that is declared', async () => {
    await under.channel.deleteQueue(deadQueue);
    await under.start({ deadLetters });
    await under.ready();
    await declareTopology({ url: under.broker.url });
    publishTo(deadQueue, headersOf('evt_late'));
    await waitFor('its parking', async () => (await movedAs('parked')) === 1);
    await isEmpty();
  });
});
