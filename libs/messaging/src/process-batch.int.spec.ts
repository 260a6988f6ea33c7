import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import type { Delivery, Outcome, Settlement } from './event.js';
import { Inbox } from './inbox.store.js';
import type { MessagingLog } from './log.js';
import { createBatchProcessor, isSurroundingsFailure } from './process-batch.store.js';
import type { BatchProcessorOptions, ProcessBatch } from './process-batch.store.js';
import { createInboxTables, createOutboxTable } from './tables.store.js';

class ProcessBatchTables1764000000001 implements MigrationInterface {
  readonly name = 'ProcessBatchTables1764000000001';
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    await queryRunner.query('CREATE TABLE effect (event_id text NOT NULL)');
    await queryRunner.query('GRANT ALL ON effect TO PUBLIC');
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = { schema: 'subscription', migrations: [ProcessBatchTables1764000000001] };
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'subscription', applicationName: 'process-batch-spec' }),
  ).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  const admin = await new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    installExtensions: false,
  }).initialize();
  await admin.query('SET search_path = subscription');
  await admin.query('TRUNCATE inbox, attempt, parked_event, outbox, effect');
  await admin.destroy();
});

/** The effect of the service under test: a row per event, so that a second effect would be a second row. */
async function recordEffect(manager: EntityManager, deliveries: Delivery[]): Promise<Outcome[]> {
  const ids = deliveries.map(({ attributes }) => attributes.id);
  await manager.query('INSERT INTO effect SELECT unnest($1::text[])', [ids]);
  return deliveries.map(() => ({ kind: 'applied' }));
}

function aProcessor(overrides: Partial<BatchProcessorOptions> = {}): ProcessBatch {
  return createBatchProcessor({
    dataSource,
    consumer: 'spec',
    outboxSource: 'subscription',
    retryAfterMs: () => 1,
    apply: recordEffect,
    log: quiet,
    ...overrides,
  });
}

function aDelivery(id: string, overrides: Partial<Delivery> = {}): Delivery {
  const attributes = { id, source: 'stripe', type: 'stripe.invoice.paid', time: '2026-11-23T12:00:00.000Z' };
  return { attributes, body: Buffer.from(`{"id":"${id}"}`), redelivered: false, ...overrides };
}
const again = (id: string): Delivery => aDelivery(id, { redelivered: true });
const kinds = (settlements: Settlement[]): string[] => settlements.map((settlement) => settlement.kind);

async function column(sql: string): Promise<unknown[]> {
  const rows: Record<string, unknown>[] = await dataSource.query(sql);
  return rows.map((row) => Object.values(row)[0]);
}
const effects = (): Promise<unknown[]> => column('SELECT event_id FROM effect ORDER BY event_id');
const attempts = (): Promise<unknown[]> => column('SELECT attempts FROM attempt ORDER BY event_id');

/** Fails for one event, as a broken invariant would, after having written something that must not stay. */
function failingFor(poison: string, error: Error = new Error('broken invariant')): BatchProcessorOptions['apply'] {
  return async (manager, deliveries) => {
    const outcomes = await recordEffect(manager, deliveries);
    if (deliveries.some((delivery) => delivery.attributes.id === poison)) throw error;
    return outcomes;
  };
}

describe('createBatchProcessor', () => {
  it('applies a batch once, whoever delivers it how often', async () => {
    const process = aProcessor();
    expect(kinds(await process([aDelivery('evt_1'), aDelivery('evt_2'), aDelivery('evt_1')]))).toEqual([
      'applied',
      'applied',
      'duplicate',
    ]);
    expect(kinds(await process([again('evt_1'), aDelivery('evt_3')]))).toEqual(['duplicate', 'applied']);
    expect(await effects()).toEqual(['evt_1', 'evt_2', 'evt_3']);
    expect(await attempts()).toEqual([]);
  });

  it('has one effect when many replicas get the same events at once', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `evt_${index}`);
    const replicas = Array.from({ length: 8 }, () => aProcessor());
    const answers = await Promise.all(
      replicas.map((process, index) => process((index % 2 === 0 ? ids : ids.toReversed()).map((id) => aDelivery(id)))),
    );
    expect(await effects()).toEqual(ids.toSorted());
    expect(answers.flat().filter((settlement) => settlement.kind === 'applied')).toHaveLength(20);
  });

  it('keeps what became of each event', async () => {
    const outcomes: Outcome[] = [
      { kind: 'applied' },
      { kind: 'ignored', reason: 'stale' },
      { kind: 'parked', reason: 'unknown_customer', key: 'cus_1' },
    ];
    const process = aProcessor({ apply: () => Promise.resolve(outcomes) });
    await process([aDelivery('evt_1'), aDelivery('evt_2'), aDelivery('evt_3')]);
    expect(await dataSource.query('SELECT event_id, outcome, reason FROM inbox ORDER BY event_id')).toEqual([
      { event_id: 'evt_1', outcome: 'applied', reason: null },
      { event_id: 'evt_2', outcome: 'ignored', reason: 'stale' },
      { event_id: 'evt_3', outcome: 'parked', reason: 'unknown_customer' },
    ]);
    const inbox = new Inbox('spec');
    expect(await inbox.list(dataSource.manager, { outcome: 'parked', limit: 10 })).toMatchObject([
      { eventId: 'evt_3' },
    ]);
    const firstPage = await inbox.list(dataSource.manager, { limit: 2 });
    const secondPage = await inbox.list(dataSource.manager, { limit: 2, before: firstPage[1] });
    expect([...firstPage, ...secondPage].map((entry) => entry.eventId)).toEqual(['evt_3', 'evt_2', 'evt_1']);
  });

  it('parks an event with its exact bytes and announces it, in the transaction that records it', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x0a]);
    const process = aProcessor({
      apply: () => Promise.resolve([{ kind: 'parked', reason: 'unreadable: \0', key: 'cus_1' }]),
    });
    await process([aDelivery('evt_1', { body })]);
    const inbox = new Inbox('spec');
    const [parked] = await dataSource.transaction((manager) => inbox.findParkedForUpdate(manager, 'cus_1'));
    expect(parked?.delivery.body.equals(body)).toBe(true);
    expect(parked).toMatchObject({ delivery: { attributes: { id: 'evt_1' } }, reason: 'unreadable: \uFFFD' });
    const [announced] = await column("SELECT convert_from(body, 'utf8') FROM outbox");
    expect(JSON.parse(String(announced))).toMatchObject({ event_id: 'evt_1', event_type: 'stripe.invoice.paid' });
  });

  it('releases parked events once they could be run', async () => {
    const inbox = new Inbox('spec');
    const process = aProcessor({
      apply: (_manager, deliveries) =>
        Promise.resolve(deliveries.map(() => ({ kind: 'parked', reason: 'unknown_customer', key: 'cus_1' }))),
    });
    await process([aDelivery('evt_1'), aDelivery('evt_2')]);
    await dataSource.transaction(async (manager) => {
      const waiting = await inbox.findParkedForUpdate(manager, 'cus_1');
      await inbox.release(
        manager,
        waiting.map(({ delivery }) => ({
          delivery,
          outcome:
            delivery.attributes.id === 'evt_1' ? { kind: 'applied' } : { kind: 'parked', reason: 'still', key: 'x' },
        })),
      );
    });
    expect(await column('SELECT outcome FROM inbox ORDER BY event_id')).toEqual(['applied', 'parked']);
    expect(await column('SELECT event_id FROM parked_event')).toEqual(['evt_2']);
  });

  it('applies the neighbours of an event that fails, tries it again, and parks it in the end', async () => {
    const process = aProcessor({ apply: failingFor('evt_poison'), maxAttempts: 3 });
    const first = await process([aDelivery('evt_1'), aDelivery('evt_poison'), aDelivery('evt_2')]);
    expect(first).toEqual([
      { kind: 'applied' },
      { kind: 'retry', reason: 'broken invariant', afterMs: 1 },
      { kind: 'applied' },
    ]);
    expect(await effects()).toEqual(['evt_1', 'evt_2']);
    expect(kinds(await process([again('evt_poison')]))).toEqual(['retry']);
    expect(await process([again('evt_poison')])).toEqual([{ kind: 'parked', reason: 'broken invariant' }]);
    expect(await effects()).toEqual(['evt_1', 'evt_2']);
    expect(await column('SELECT attempts FROM parked_event')).toEqual([3]);
    expect(await attempts()).toEqual([]);
    expect(kinds(await process([again('evt_poison')]))).toEqual(['duplicate']);
  });

  it('forgets the attempts of an event that succeeds later', async () => {
    let isBroken = true;
    const process = aProcessor({
      apply: (manager, deliveries) =>
        isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries),
    });
    expect(kinds(await process([aDelivery('evt_1')]))).toEqual(['retry']);
    expect(await attempts()).toEqual([1]);
    isBroken = false;
    expect(kinds(await process([again('evt_1')]))).toEqual(['applied']);
    expect(await attempts()).toEqual([]);
  });

  it('parks an event that kills its process each time, and none of its neighbours', async () => {
    // A process that dies leaves nothing behind but what was committed: here its answer simply never comes.
    const dying = new Error('SIGKILL');
    const results: string[] = [];
    for (let life = 0; life < 10 && !results.includes('parked'); life += 1) {
      const process = aProcessor({
        maxAttempts: 3,
        apply: async (manager, deliveries) => {
          await recordEffect(manager, deliveries);
          if (!deliveries.some((delivery) => delivery.attributes.id === 'evt_2'))
            return deliveries.map(() => ({ kind: 'applied' }));
          await manager.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
          throw Object.assign(dying, { code: '57P01' });
        },
      });
      const redelivered = life > 0;
      const batch = ['evt_1', 'evt_2', 'evt_3'].map((id) => aDelivery(id, { redelivered }));
      results.push(...kinds(await process(batch).catch(() => [])));
    }
    expect(await column('SELECT event_id FROM parked_event')).toEqual(['evt_2']);
    expect(await effects()).toEqual(['evt_1', 'evt_3']);
  });

  it('counts no attempt when the surroundings fail, however often', async () => {
    let isDown = true;
    const process = aProcessor({
      maxAttempts: 2,
      apply: (manager, deliveries) =>
        isDown ? Promise.reject(new Retryable('stripe_unavailable')) : recordEffect(manager, deliveries),
    });
    for (let round = 0; round < 6; round += 1) {
      await expect(process([again('evt_1'), aDelivery('evt_2')])).rejects.toBeInstanceOf(Retryable);
    }
    isDown = false;
    expect(kinds(await process([again('evt_1'), again('evt_2')]))).toEqual(['applied', 'applied']);
    expect(await column('SELECT event_id FROM parked_event')).toEqual([]);
    expect(await attempts()).toEqual([]);
  });

  it('counts no attempt while somebody else holds a lock, as a migration does', async () => {
    const migration = dataSource.createQueryRunner();
    await migration.startTransaction();
    await migration.query('LOCK TABLE inbox IN SHARE MODE');
    const process = aProcessor({ maxAttempts: 1 });
    const error = await process([again('evt_1')]).catch((reason: unknown) => reason);
    expect(isSurroundingsFailure(error)).toBe(true);
    await migration.rollbackTransaction();
    await migration.release();
    expect(kinds(await process([again('evt_1')]))).toEqual(['applied']);
  });

  it('leaves nothing behind when a swallowed error has spoilt the transaction', async () => {
    const process = aProcessor({
      apply: async (manager, deliveries) => {
        await manager.query('SELECT 1/0').catch(() => undefined);
        return deliveries.map(() => ({ kind: 'applied' }));
      },
    });
    expect(kinds(await process([aDelivery('evt_1')]))).toEqual(['retry']);
    expect(await column('SELECT event_id FROM inbox')).toEqual([]);
  });
});
