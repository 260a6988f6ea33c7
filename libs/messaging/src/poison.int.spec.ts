import { toHeaders } from '@billhook/contracts';
import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { createTestBroker, createTestDatabase, waitFor } from '@billhook/testing';
import type { TestBroker, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Delivery } from './event.js';
import type { MessagingLog } from './log.js';
import { createBatchProcessor } from './process-batch.store.js';
import { QueueConsumer } from './queue.consumer.js';
import { RetryRunner } from './retry-runner.store.js';
import { isSurroundingsFailure } from './surroundings.js';
import { addRetries, createInboxTables, createOutboxTable } from './tables.store.js';

class PoisonTables1764000000021 implements MigrationInterface {
  readonly name = 'PoisonTables1764000000021';
  readonly transaction = false;
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    await addRetries(queryRunner);
    await queryRunner.query('CREATE TABLE effect (event_id text PRIMARY KEY)');
    await queryRunner.query('GRANT ALL ON effect TO PUBLIC');
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = { schema: 'subscription', migrations: [PoisonTables1764000000021] };
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
const queue = 'subscription.events';
const routingKey = 'stripe.invoice.paid';
/** More than the prefetch: were they held in hand, nobody else's event would get in. */
const poisons = Array.from({ length: 200 }, (_, index) => `evt_poison_${index}`);
const healthy = Array.from({ length: 50 }, (_, index) => `evt_healthy_${index}`);

const effects = 'SELECT event_id FROM effect';
const parked = 'SELECT event_id FROM parked_event WHERE retry_at IS NULL';
/** A thousand tries, each a transaction or more: seconds on a quiet machine, a minute on one that does much else. */
const slowly = 80_000;

let database: TestDatabase;
let broker: TestBroker;
let dataSource: DataSource;
let model: ChannelModel;
let channel: ConfirmChannel;
let consumer: QueueConsumer;
const runner = new RetryRunner();

beforeAll(async () => {
  [database, broker] = await Promise.all([createTestDatabase(schema), createTestBroker()]);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'subscription', applicationName: 'poison-spec' }),
  ).initialize();
  model = await connect(broker.url);
  channel = await model.createConfirmChannel();
  const processBatch = createBatchProcessor({ dataSource, consumer: 'spec', retries: runner, apply, log: quiet });
  consumer = new QueueConsumer({
    queue,
    limits: { size: 100, bytes: 1_000_000, lingerMs: { busy: 5, idle: 5 } },
    lanes: 1,
    prefetch: 200,
    longBatchMs: 20_000,
    handle: processBatch,
    isSurroundingsFailure,
    isReady: () => Promise.resolve(true),
    log: quiet,
  });
  runner.onApplicationBootstrap();
  await consumer.attach(model);
});
afterAll(async () => {
  await runner.beforeApplicationShutdown();
  await consumer.close();
  await model.close();
  await dataSource.destroy();
  await Promise.all([database.drop(), broker.drop()]);
});

const apply: Parameters<typeof createBatchProcessor>[0]['apply'] = async (manager, deliveries) => {
  await manager.query('INSERT INTO effect SELECT unnest($1::text[])', [deliveries.map(idOf)]);
  if (deliveries.some((delivery) => idOf(delivery).startsWith('evt_poison'))) throw new Error('broken invariant');
  return deliveries.map(() => ({ kind: 'applied' }));
};
const idOf = ({ attributes }: Delivery): string => attributes.id;
/** Valid for no parser, and different for each. */
const bodyOf = (id: string): Buffer =>
  Buffer.concat([Buffer.from(`{"id":"${id}\\u0000\\ud800`), Buffer.from([0xff, 0])]);

async function publish(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const attributes = { id, source: 'stripe', type: routingKey, time: '2026-11-23T12:00:00.000Z' };
    channel.publish('billhook.events', routingKey, bodyOf(id), { persistent: true, headers: toHeaders(attributes) });
  }
  await channel.waitForConfirms();
}

async function ids(sql: string): Promise<string[]> {
  const rows: { event_id: string }[] = await dataSource.query(sql);
  return rows.map((row) => row.event_id);
}

describe('two hundred events that always fail', () => {
  it('F40 F41: hold up nobody, are parked whole after five tries, and no healthy one with them', async () => {
    await publish(poisons.slice(0, 150));
    await publish([...poisons.slice(150), ...healthy]);
    await waitFor('the healthy ones', async () => (await ids(effects)).length === healthy.length, slowly);
    // In hand there is room for two hundred: were the poisons held there, fifty would have to be parked before the last
    // healthy one gets in. Not in seconds: a busy machine takes longer for everything.
    expect((await ids(parked)).length).toBeLessThan(healthy.length);
    await waitFor('the parking', async () => (await ids(parked)).length === poisons.length, slowly);
    expect((await ids(parked)).toSorted()).toEqual(poisons.toSorted());
    expect(await ids('SELECT DISTINCT attempts::text AS event_id FROM parked_event')).toEqual(['5']);
    const kept: { event_id: string; body: Buffer }[] = await dataSource.query(
      'SELECT event_id, body FROM parked_event',
    );
    expect(kept.filter(({ event_id: id, body }) => !body.equals(bodyOf(id)))).toEqual([]);
    expect((await ids(`SELECT event_id FROM inbox WHERE outcome = 'applied'`)).toSorted()).toEqual(healthy.toSorted());
    await waitFor('an empty queue', async () => (await channel.checkQueue(queue)).messageCount === 0);
  }, 180_000);
});
