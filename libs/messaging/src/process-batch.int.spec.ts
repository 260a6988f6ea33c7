import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import { createTestDatabase, waitFor } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import type { Delivery, Outcome, Settlement } from './event.js';
import { Inbox } from './inbox.store.js';
import { InboxSearch } from './inbox-search.store.js';
import type { MessagingLog } from './log.js';
import { createBatchProcessor } from './process-batch.store.js';
import type { BatchProcessorOptions, ProcessBatch } from './process-batch.store.js';
import { Retries } from './retries.store.js';
import { RetryRunner } from './retry-runner.store.js';
import { isSurroundingsFailure } from './surroundings.js';
import { addRetries, createInboxTables, createOutboxTable } from './tables.store.js';

class ProcessBatchTables1764000000011 implements MigrationInterface {
  readonly name = 'ProcessBatchTables1764000000011';
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    await queryRunner.query('CREATE TABLE effect (event_id text NOT NULL)');
    await queryRunner.query('GRANT ALL ON effect TO PUBLIC');
  }
  async down(): Promise<void> {}
}

class AddRetries1764000000012 implements MigrationInterface {
  readonly name = 'AddRetries1764000000012';
  readonly transaction = false;
  async up(queryRunner: QueryRunner): Promise<void> {
    await addRetries(queryRunner);
    // An interrupted migration is run again from its beginning.
    await addRetries(queryRunner);
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = {
  schema: 'subscription',
  migrations: [ProcessBatchTables1764000000011, AddRetries1764000000012],
};
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;
let runner: RetryRunner;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  await asAdmin(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''100ms''', current_database());
  END $$`);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'subscription', applicationName: 'process-batch-spec' }),
  ).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  runner = new RetryRunner();
  await asAdmin('TRUNCATE inbox, attempt, parked_event, outbox, effect');
});

async function asAdmin(sql: string): Promise<void> {
  const admin = await new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    installExtensions: false,
  }).initialize();
  await admin.query('SET search_path = subscription');
  await admin.query(sql);
  await admin.destroy();
}

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
    retries: runner,
    retryAfterMs: () => 0,
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
const makeDue = (): Promise<unknown> =>
  dataSource.query('UPDATE parked_event SET retry_at = now() WHERE retry_at > now()');
const parkedRows = (): Promise<unknown[]> =>
  dataSource.query('SELECT event_id, attempts, retry_at FROM parked_event ORDER BY event_id');
/** Data of every `billing.event.parked`, in order. */
async function announced(): Promise<unknown[]> {
  return (await column("SELECT convert_from(body, 'utf8') FROM outbox ORDER BY id")).map((body) =>
    JSON.parse(String(body)),
  );
}
const isParked = async (id: string): Promise<boolean> =>
  (await column(`SELECT event_id FROM inbox WHERE outcome = 'parked' AND event_id = '${id}'`)).length > 0;
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
    const search = new InboxSearch('spec');
    const page = { order: 'newest', limit: 2 } as const;
    expect(await search.list(dataSource.manager, { status: 'parked' }, page)).toMatchObject([{ eventId: 'evt_3' }]);
    const firstPage = await search.list(dataSource.manager, {}, page);
    const secondPage = await search.list(dataSource.manager, {}, { ...page, after: firstPage[1] });
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

  it('F39: applies the neighbours of an event that fails, tries it again, and parks it in the end', async () => {
    const process = aProcessor({ apply: failingFor('evt_poison'), maxAttempts: 3 });
    const first = await process([aDelivery('evt_1'), aDelivery('evt_poison'), aDelivery('evt_2')]);
    const reason = 'failed_Error: broken invariant';
    expect(first).toEqual([{ kind: 'applied' }, { kind: 'retrying', reason, attempts: 1 }, { kind: 'applied' }]);
    expect(await effects()).toEqual(['evt_1', 'evt_2']);
    expect(await dataSource.query("SELECT event_id, outcome, reason FROM inbox WHERE outcome <> 'applied'")).toEqual([
      { event_id: 'evt_poison', outcome: 'retrying', reason },
    ]);
    expect(await announced()).toEqual([]);
    await runner.runDue();
    expect(await dataSource.query("SELECT event_id, outcome, reason FROM inbox WHERE outcome <> 'applied'")).toEqual([
      { event_id: 'evt_poison', outcome: 'parked', reason },
    ]);
    expect(await parkedRows()).toEqual([{ event_id: 'evt_poison', attempts: 3, retry_at: null }]);
    expect(await announced()).toMatchObject([{ event_id: 'evt_poison', reason, attempts: 3 }]);
    await runner.runDue();
    expect(await parkedRows()).toHaveLength(1);
    expect(await effects()).toEqual(['evt_1', 'evt_2']);
    expect(kinds(await process([again('evt_poison')]))).toEqual(['duplicate']);
  });

  it('waits before each try twice as long as before the last', async () => {
    const process = aProcessor({ apply: failingFor('evt_1'), retryAfterMs: undefined });
    await process([aDelivery('evt_1')]);
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const [ms] = await column('SELECT extract(epoch FROM retry_at - clock_timestamp()) * 1000 FROM parked_event');
      waits.push(Number(ms));
      await runner.runDue();
      expect(await parkedRows()).toMatchObject([{ attempts: round + 1 }]);
      await makeDue();
      await runner.runDue();
    }
    expect(waits.map((ms) => Math.ceil(ms / 500) * 500)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(await parkedRows()).toMatchObject([{ attempts: 5, retry_at: null }]);
  });

  it('applies an event that succeeds at a later try, once, whoever tries', async () => {
    let isBroken = true;
    const apply: BatchProcessorOptions['apply'] = (manager, deliveries) =>
      isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries);
    const process = aProcessor({ apply });
    expect(kinds(await process([aDelivery('evt_1'), aDelivery('evt_2')]))).toEqual(['retrying', 'retrying']);
    isBroken = false;
    const replicas = Array.from({ length: 6 }, () => new RetryRunner());
    for (const retries of replicas) aProcessor({ apply, retries });
    await Promise.all(replicas.map((replica) => replica.runDue()));
    expect(await effects()).toEqual(['evt_1', 'evt_2']);
    expect(await column('SELECT DISTINCT outcome FROM inbox')).toEqual(['applied']);
    expect([await parkedRows(), await announced(), await attempts()]).toEqual([[], [], []]);
  });

  it('keeps the exact bytes of what failed through its tries, whatever they are', async () => {
    const bodies = [
      Buffer.from('{"note":"a\\u0000b","half":"\\ud800","n":1e400,"n":2}'),
      Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0xed, 0xa0, 0x80]),
      Buffer.alloc(0),
      Buffer.from(`"${'\\u0000'.repeat(100_000)}"`),
    ];
    const seen = new Map<string, Buffer>();
    const process = aProcessor({
      maxAttempts: 2,
      apply: (_manager, deliveries) => {
        for (const { attributes, body } of deliveries) seen.set(attributes.id, body);
        return Promise.reject(new Error('odd \0 bytes'));
      },
    });
    await process(bodies.map((body, index) => aDelivery(`evt_${index}`, { body })));
    seen.clear();
    await runner.runDue();
    const kept = await column('SELECT body FROM parked_event WHERE retry_at IS NULL ORDER BY event_id');
    expect(kept).toEqual(bodies);
    expect(bodies.map((_, index) => seen.get(`evt_${index}`))).toEqual(bodies);
    expect(await column('SELECT DISTINCT reason FROM inbox')).toEqual(['failed_Error: odd \uFFFD bytes']);
  });

  it('counts a try before its effect, so that an event that kills its process in a retry is parked', async () => {
    const process = aProcessor({ apply: failingFor('evt_killer') });
    await process([aDelivery('evt_killer')]);
    const retries = new Retries(dataSource, 'spec');
    for (let life = 2; life <= 5; life += 1) {
      // A process that dies here has only leased it.
      expect((await retries.lease())?.attempts).toBe(life);
      await runner.runDue();
      expect(await parkedRows()).toMatchObject([{ attempts: life }]);
      await makeDue();
    }
    await runner.runDue();
    expect(await parkedRows()).toMatchObject([{ retry_at: null }]);
    expect(await announced()).toMatchObject([
      { attempts: 5, reason: 'process_died: before it failed_Error: broken invariant' },
    ]);
  });

  it('leaves an event alone whose lease somebody else has meanwhile', async () => {
    let isBroken = true;
    const process = aProcessor({
      apply: (manager, deliveries) =>
        isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries),
    });
    await process([aDelivery('evt_1')]);
    const retries = new Retries(dataSource, 'spec');
    const stale = await retries.lease();
    isBroken = false;
    await makeDue();
    await runner.runDue();
    if (stale === null) throw new Error('nothing was due');
    const manager = dataSource.manager;
    expect(await retries.lock(manager, stale)).toBe(false);
    expect(await retries.fail(manager, stale, 'too late', null)).toBe(false);
    expect([await effects(), await parkedRows()]).toEqual([['evt_1'], []]);
  });

  it('uses up no try of a failed event while the surroundings fail', async () => {
    let failure: Error | undefined = new Error('not yet');
    const process = aProcessor({
      apply: (manager, deliveries) => (failure ? Promise.reject(failure) : recordEffect(manager, deliveries)),
    });
    await process([aDelivery('evt_1')]);
    failure = new Retryable('stripe_unavailable');
    const counted: unknown[] = [];
    for (let round = 0; round < 12; round += 1) {
      await makeDue();
      await runner.runDue();
      counted.push(...(await column('SELECT attempts FROM parked_event')));
    }
    // Each spoilt try is taken back before the next.
    expect(new Set(counted)).toEqual(new Set([1, 2]));
    failure = undefined;
    await runner.runDue();
    await makeDue();
    await runner.runDue();
    expect([await effects(), await parkedRows()]).toEqual([['evt_1'], []]);
  });

  it('parks at once what it can no longer read, and goes on with the next', async () => {
    let isBroken = true;
    const process = aProcessor({
      apply: (manager, deliveries) =>
        isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries),
    });
    await process([aDelivery('evt_1'), aDelivery('evt_2')]);
    isBroken = false;
    await dataSource.query(`UPDATE parked_event SET headers = '{"id": 7}', key = 'cus_1' WHERE event_id = 'evt_1'`);
    await runner.runDue();
    expect([await effects(), await parkedRows()]).toEqual([
      ['evt_2'],
      [{ event_id: 'evt_1', attempts: 2, retry_at: null }],
    ]);
    const reason = 'unreadable: what was kept of its headers';
    expect(await announced()).toMatchObject([{ event_id: 'evt_1', reason, attempts: 2 }]);
    const inbox = new Inbox('spec');
    await dataSource.transaction(async (manager) => {
      expect(await inbox.findParkedForUpdate(manager, 'cus_1')).toEqual([]);
      expect(await inbox.takeParked(manager, 'evt_1')).toBe('unreadable');
    });
    const found = await new InboxSearch('spec').find(dataSource.manager, 'evt_1');
    expect(found).toMatchObject({ outcome: 'parked', parked: { attributes: null } });
  });

  it('parks what a retry answers to park, under its key', async () => {
    let isBroken = true;
    const process = aProcessor({
      apply: () =>
        isBroken
          ? Promise.reject(new Error('not yet'))
          : Promise.resolve([{ kind: 'parked', reason: 'unknown_customer', key: 'cus_1' }]),
    });
    await process([aDelivery('evt_1')]);
    isBroken = false;
    await runner.runDue();
    const waiting = await dataSource.transaction((manager) => new Inbox('spec').findParkedForUpdate(manager, 'cus_1'));
    expect(waiting).toMatchObject([{ delivery: { attributes: { id: 'evt_1' } }, reason: 'unknown_customer' }]);
    expect(await announced()).toMatchObject([{ event_id: 'evt_1', reason: 'unknown_customer', attempts: 2 }]);
  });

  it('divides a batch that fails, so that one poison among many costs few transactions', async () => {
    let transactions = 0;
    const apply = failingFor('evt_077');
    const process = aProcessor({
      apply: (manager, deliveries, locked) => {
        transactions += 1;
        return apply(manager, deliveries, locked);
      },
    });
    const ids = Array.from({ length: 100 }, (_, index) => `evt_${String(index).padStart(3, '0')}`);
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(settlements.filter(({ kind }) => kind === 'retrying')).toHaveLength(1);
    expect(await effects()).toEqual(ids.filter((id) => id !== 'evt_077'));
    expect(transactions).toBeLessThan(20);
  });

  it('F41: parks all of a batch but its healthy ones, and in few more transactions than events', async () => {
    let transactions = 0;
    const process = aProcessor({
      maxAttempts: 1,
      apply: (manager, deliveries) => {
        transactions += 1;
        const isPoison = deliveries.some(({ attributes }) => attributes.id.startsWith('evt_bad'));
        return isPoison ? Promise.reject(new Error('broken')) : recordEffect(manager, deliveries);
      },
    });
    const ids = Array.from({ length: 50 }, (_, index) => [`evt_bad_${index}`, `evt_good_${index}`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(ids.map((id) => (id.startsWith('evt_bad') ? 'parked' : 'applied')));
    expect(await effects()).toEqual(ids.filter((id) => id.startsWith('evt_good')).toSorted());
    expect(transactions).toBeLessThan(115);
  });

  it('F41: leaves untried what is about the same as some that failed, so that nobody else waits for it', async () => {
    let transactions = 0;
    const process = aProcessor({
      whoseOf: ({ attributes }) => (attributes.id.startsWith('evt_of_bad') ? 'cus_bad' : `cus_of_${attributes.id}`),
      apply: (manager, deliveries) => {
        transactions += 1;
        const isPoison = deliveries.some(({ attributes }) => attributes.id.includes('poison'));
        return isPoison ? Promise.reject(new Error('broken')) : recordEffect(manager, deliveries);
      },
    });
    const ids = Array.from({ length: 40 }, (_, n) => [
      `evt_of_bad_poison_${n}`,
      `evt_of_bad_${n}`,
      `evt_good_${n}`,
    ]).flat();
    const healthy = ids.filter((id) => !id.includes('poison'));
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(transactions).toBeLessThan(25);
    expect(await effects()).toEqual(expect.arrayContaining(ids.filter((id) => id.startsWith('evt_good'))));
    const leftAlone = kinds(settlements).filter((_, index) => ids[index]?.startsWith('evt_of_bad'));
    expect(leftAlone.filter((kind) => kind === 'retrying').length).toBeGreaterThan(70);
    await makeDue();
    await runner.runDue();
    expect(await effects()).toEqual(healthy.toSorted());
    expect(await column('SELECT DISTINCT attempts FROM parked_event WHERE retry_at IS NULL')).toEqual([5]);
    expect(await column('SELECT count(*)::integer FROM parked_event')).toEqual([40]);
  });

  it('puts off an event whose lock somebody holds, and its neighbours wait for three seconds of locks at most', async () => {
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await holder.query('SELECT pg_advisory_xact_lock(77)');
    let waitedMs = 0;
    const process = aProcessor({
      apply: async (manager, deliveries) => {
        if (deliveries.some(({ attributes }) => attributes.id.startsWith('evt_held'))) {
          const rows: { ms: number }[] = await manager.query(
            "SELECT setting::int AS ms FROM pg_settings WHERE name = 'lock_timeout'",
          );
          // Nobody lets go meanwhile: each waits for as long as it may.
          waitedMs += rows[0]?.ms ?? Number.NaN;
          await manager.query('SELECT pg_advisory_xact_lock(77)');
        }
        return recordEffect(manager, deliveries);
      },
    });
    const ids = Array.from({ length: 50 }, (_, index) => [`evt_held_${index}`, `evt_free_${index}`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(ids.map((id) => (id.startsWith('evt_held') ? 'retrying' : 'applied')));
    expect(await column('SELECT DISTINCT attempts FROM parked_event')).toEqual([0]);
    expect(waitedMs).toBeGreaterThan(0);
    expect(waitedMs).toBeLessThanOrEqual(3_000);
    await holder.rollbackTransaction();
    await holder.release();
    await makeDue();
    await runner.runDue();
    expect([(await effects()).length, await parkedRows()]).toEqual([100, []]);
  });

  it('uses up no try of an event whose statement took too long, however often', async () => {
    let isSlow = true;
    const seen: number[] = [];
    const process = aProcessor({
      maxAttempts: 2,
      apply: async (manager, deliveries) => {
        seen.push(deliveries.length);
        const isMet = isSlow && deliveries.some(({ attributes }) => attributes.id === 'evt_slow');
        if (isMet) await manager.query(`SET LOCAL statement_timeout = '20ms'`);
        if (isMet) await manager.query('SELECT pg_sleep(5)');
        return recordEffect(manager, deliveries);
      },
    });
    const settlements = await process(['evt_1', 'evt_slow', 'evt_2'].map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(['applied', 'retrying', 'applied']);
    expect(seen).toEqual([3, 1, 1, 1]);
    for (let round = 0; round < 4; round += 1) {
      await makeDue();
      await runner.runDue();
      expect(await parkedRows()).toMatchObject([{ event_id: 'evt_slow', attempts: 0 }]);
    }
    const [waitsMs] = await column('SELECT extract(epoch FROM retry_at - clock_timestamp()) * 1000 FROM parked_event');
    expect(Number(waitsMs)).toBeGreaterThan(20_000);
    isSlow = false;
    await makeDue();
    await runner.runDue();
    expect([await effects(), await parkedRows()]).toEqual([['evt_1', 'evt_2', 'evt_slow'], []]);
  });

  it('parks in the end what always takes too long, and only after an hour in which it might have been the server', async () => {
    const process = aProcessor({
      maxAttempts: 3,
      apply: async (manager) => {
        await manager.query(`SET LOCAL statement_timeout = '20ms'`);
        await manager.query('SELECT pg_sleep(5)');
        return [];
      },
    });
    await process([aDelivery('evt_slow')]);
    const age = (minutes: number): Promise<unknown> =>
      dataSource.query('UPDATE parked_event SET parked_at = now() - make_interval(mins => $1)', [minutes]);
    await age(59);
    await makeDue();
    await runner.runDue();
    expect(await parkedRows()).toMatchObject([{ event_id: 'evt_slow', attempts: 0 }]);
    await age(61);
    await makeDue();
    await runner.runDue();
    expect(await parkedRows()).toEqual([{ event_id: 'evt_slow', attempts: 3, retry_at: null }]);
    const reason = expect.stringMatching(/^failed_57014: /);
    expect(await announced()).toMatchObject([{ event_id: 'evt_slow', attempts: 3, reason }]);
  });

  it('F31: settles a deadlock in place, with no event counted and no batch given back', async () => {
    const calls: string[] = [];
    const held = new Set<number>();
    const { promise: bothHoldOne, resolve } = Promise.withResolvers<void>();
    const crossing = (first: number, second: number): BatchProcessorOptions['apply'] => {
      return async (manager, deliveries) => {
        calls.push(`${first}`);
        await manager.query('SELECT pg_advisory_xact_lock($1)', [first]);
        held.add(first);
        if (held.size === 2) resolve();
        await bothHoldOne;
        await manager.query('SELECT pg_advisory_xact_lock($1)', [second]);
        return recordEffect(manager, deliveries);
      };
    };
    const [one, two] = [aProcessor({ apply: crossing(1, 2) }), aProcessor({ apply: crossing(2, 1) })];
    const settlements = await Promise.all([one([aDelivery('evt_1')]), two([aDelivery('evt_2')])]);
    expect(settlements.flatMap(kinds)).toEqual(['applied', 'applied']);
    expect(calls.length).toBeGreaterThan(2);
    expect([await effects(), await attempts(), await parkedRows()]).toEqual([['evt_1', 'evt_2'], [], []]);
  });

  /** Its line, and then what is due of its retries: with another runner, as another process has, which owes nothing. */
  async function live(apply: BatchProcessorOptions['apply'], line: Delivery[]): Promise<Settlement[]> {
    runner = new RetryRunner();
    const process = aProcessor({ apply });
    try {
      const settlements = await process(line);
      await makeDue();
      await runner.runDue();
      return settlements;
    } catch (error) {
      if (error !== killed) throw error;
      return [];
    }
  }
  /** A process that dies leaves nothing behind but what was committed: here its answer simply never comes. */
  const killed = Object.assign(new Error('SIGKILL'), { code: '57P01' });

  it('parks an event that kills its process each time, after five lives of it, and none of its neighbours', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `evt_${index + 10}`);
    const killer = 'evt_13';
    let deaths = 0;
    let line = ids.map((id) => aDelivery(id));
    for (let life = 0; life < 12 && !(await isParked(killer)); life += 1) {
      const settlements = await live((manager, deliveries) => {
        if (deliveries.every(({ attributes }) => attributes.id !== killer)) return recordEffect(manager, deliveries);
        deaths += 1;
        return Promise.reject(killed);
      }, line);
      line = settlements.length > 0 ? [] : ids.map(again);
    }
    expect(deaths).toBe(5);
    expect(await column('SELECT event_id FROM parked_event')).toEqual([killer]);
    expect([await effects(), await attempts()]).toEqual([ids.filter((id) => id !== killer), []]);
  });

  it('counts two deaths at most against what waits in line, however often somebody else kills the process', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `evt_${index + 10}`);
    const line = ids.map(again);
    const dieAtOnce = (): Promise<Outcome[]> => Promise.reject(killed);
    expect(await live(dieAtOnce, line)).toEqual([]);
    await asAdmin(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
      CREATE TRIGGER die BEFORE INSERT ON parked_event FOR EACH ROW EXECUTE FUNCTION die()`);
    for (let life = 0; life < 10; life += 1) await expect(aProcessor()(line)).rejects.toThrow('terminating connection');
    await asAdmin('DROP FUNCTION die CASCADE');
    const leftToRetries = ids.map(() => ({ kind: 'retrying', reason: 'process_died', attempts: 2 }));
    expect(await aProcessor({ apply: dieAtOnce })(line)).toEqual(leftToRetries);
    await live(recordEffect, []);
    expect([await effects(), await parkedRows(), await attempts()]).toEqual([ids, [], []]);
  });

  /** As a crash of the server's process looks from here: an end without a word, in the middle of a statement. */
  async function crashServerProcess(manager: EntityManager): Promise<never> {
    const client: unknown = await manager.queryRunner?.connect();
    if (!(client instanceof Client)) throw new Error('a transaction has a connection');
    const [row] = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
    const unanswered = client.query('SELECT 1');
    client.connection.stream.destroy();
    const error: unknown = await unanswered.then(
      () => new Error('a query without a connection came to its end'),
      (reason: unknown) => reason,
    );
    // It notices a little later that nobody is there any more, and holds its locks until then: one that crashed does not.
    await waitFor('the end of the server process', async () => {
      const living = await dataSource.query<unknown[]>('SELECT FROM pg_stat_activity WHERE pid = $1', [row?.pid]);
      return living.length === 0;
    });
    throw error;
  }

  it('parks an event that crashes PostgreSQL each time, within its tries, and none of its neighbours', async () => {
    const results: string[] = [];
    let crashes = 0;
    const process = aProcessor({
      apply: async (manager, deliveries) => {
        const outcomes = await recordEffect(manager, deliveries);
        if (deliveries.every((delivery) => delivery.attributes.id !== 'evt_2')) return outcomes;
        crashes += 1;
        return crashServerProcess(manager);
      },
    });
    for (let round = 0; round < 10 && !results.includes('retrying'); round += 1) {
      const batch = ['evt_1', 'evt_2', 'evt_3'].map((id) => aDelivery(id, { redelivered: round > 0 }));
      results.push(...kinds(await process(batch).catch(() => [])));
    }
    // Alone from the third time on, and out of everybody's way.
    expect(crashes).toBe(2);
    for (let retry = 0; retry < 10 && !(await isParked('evt_2')); retry += 1) {
      await makeDue();
      await runner.runDue().catch(() => undefined);
    }
    expect(crashes).toBe(5);
    expect(await dataSource.query('SELECT event_id, reason FROM parked_event')).toEqual([
      { event_id: 'evt_2', reason: 'process_died' },
    ]);
    expect(await effects()).toEqual(['evt_1', 'evt_3']);
    expect(await attempts()).toEqual([]);
  });

  it('parks an event that crashes PostgreSQL in each retry, with a lease between two of them', async () => {
    let crashes = 0;
    const process = aProcessor({
      apply: async (manager) => {
        if (crashes > 0) return crashServerProcess(manager);
        throw new Error('broken invariant');
      },
    });
    await process([aDelivery('evt_killer')]);
    for (crashes = 1; crashes < 5; crashes += 1) {
      await makeDue();
      await runner.runDue();
      expect(await parkedRows()).toMatchObject([{ attempts: crashes + 1, retry_at: expect.any(Date) }]);
    }
    await makeDue();
    await runner.runDue();
    expect(await parkedRows()).toMatchObject([{ retry_at: null }]);
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
    await migration.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await migration.query('LOCK TABLE inbox IN SHARE MODE');
    const process = aProcessor({ maxAttempts: 1 });
    const error = await process([again('evt_1')]).catch((reason: unknown) => reason);
    expect(isSurroundingsFailure(error)).toBe(true);
    await migration.rollbackTransaction();
    await migration.release();
    expect(kinds(await process([again('evt_1')]))).toEqual(['applied']);
  });

  it('F34: leaves nothing behind when a swallowed error has spoilt the transaction', async () => {
    const process = aProcessor({
      apply: async (manager, deliveries) => {
        await manager.query('SELECT 1/0').catch(() => undefined);
        return deliveries.map(() => ({ kind: 'applied' }));
      },
    });
    expect(kinds(await process([aDelivery('evt_1')]))).toEqual(['retrying']);
    expect([await effects(), await column('SELECT outcome FROM inbox')]).toEqual([[], ['retrying']]);
  });
});
