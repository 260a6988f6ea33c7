import { Retryable } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { Inbox } from './inbox.store.js';
import { InboxSearch } from './inbox-search.store.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { aDelivery, again, failingFor, kinds, recordEffect, useBatchWorld } from './process-batch.spec-support.js';
import { Retries } from './retries.store.js';
import { RetryRunner } from './retry-runner.store.js';

const world = useBatchWorld();

describe('what failed', () => {
  it('F39: applies the neighbours of an event that fails, tries it again, and parks it in the end', async () => {
    const process = world().aProcessor({ apply: failingFor('evt_poison'), maxAttempts: 3 });
    const first = await process([aDelivery('evt_1'), aDelivery('evt_poison'), aDelivery('evt_2')]);
    const reason = 'failed_Error: broken invariant';
    expect(first).toEqual([{ kind: 'applied' }, { kind: 'retrying', reason, attempts: 1 }, { kind: 'applied' }]);
    expect(await world().effects()).toEqual(['evt_1', 'evt_2']);
    expect(
      await world().dataSource.query("SELECT event_id, outcome, reason FROM inbox WHERE outcome <> 'applied'"),
    ).toEqual([{ event_id: 'evt_poison', outcome: 'retrying', reason }]);
    expect(await world().announced()).toEqual([]);
    await world().runner.runDue();
    expect(
      await world().dataSource.query("SELECT event_id, outcome, reason FROM inbox WHERE outcome <> 'applied'"),
    ).toEqual([{ event_id: 'evt_poison', outcome: 'parked', reason }]);
    expect(await world().parkedRows()).toEqual([{ event_id: 'evt_poison', attempts: 3, retry_at: null }]);
    expect(await world().announced()).toMatchObject([{ event_id: 'evt_poison', reason, attempts: 3 }]);
    await world().runner.runDue();
    expect(await world().parkedRows()).toHaveLength(1);
    expect(await world().effects()).toEqual(['evt_1', 'evt_2']);
    expect(kinds(await process([again('evt_poison')]))).toEqual(['duplicate']);
  });

  it('waits before each try twice as long as before the last', async () => {
    const process = world().aProcessor({ apply: failingFor('evt_1'), retryAfterMs: undefined });
    await process([aDelivery('evt_1')]);
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const [ms] = await world().column(
        'SELECT extract(epoch FROM retry_at - clock_timestamp()) * 1000 FROM parked_event',
      );
      waits.push(Number(ms));
      await world().runner.runDue();
      expect(await world().parkedRows()).toMatchObject([{ attempts: round + 1 }]);
      await world().makeDue();
      await world().runner.runDue();
    }
    expect(waits.map((ms) => Math.ceil(ms / 500) * 500)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(await world().parkedRows()).toMatchObject([{ attempts: 5, retry_at: null }]);
  });

  it('applies an event that succeeds at a later try, once, whoever tries', async () => {
    let isBroken = true;
    const apply: BatchProcessorOptions['apply'] = (manager, deliveries) =>
      isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries);
    const process = world().aProcessor({ apply });
    expect(kinds(await process([aDelivery('evt_1'), aDelivery('evt_2')]))).toEqual(['retrying', 'retrying']);
    isBroken = false;
    const replicas = Array.from({ length: 6 }, () => new RetryRunner());
    for (const retries of replicas) world().aProcessor({ apply, retries });
    await Promise.all(replicas.map((replica) => replica.runDue()));
    expect(await world().effects()).toEqual(['evt_1', 'evt_2']);
    expect(await world().column('SELECT DISTINCT outcome FROM inbox')).toEqual(['applied']);
    expect([await world().parkedRows(), await world().announced(), await world().attempts()]).toEqual([[], [], []]);
  });

  it('keeps the exact bytes of what failed through its tries, whatever they are', async () => {
    const bodies = [
      Buffer.from('{"note":"a\\u0000b","half":"\\ud800","n":1e400,"n":2}'),
      Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0xed, 0xa0, 0x80]),
      Buffer.alloc(0),
      Buffer.from(`"${'\\u0000'.repeat(100_000)}"`),
    ];
    const seen = new Map<string, Buffer>();
    const process = world().aProcessor({
      maxAttempts: 2,
      apply: (_manager, deliveries) => {
        for (const { attributes, body } of deliveries) seen.set(attributes.id, body);
        return Promise.reject(new Error('odd \0 bytes'));
      },
    });
    await process(bodies.map((body, index) => aDelivery(`evt_${index}`, { body })));
    seen.clear();
    await world().runner.runDue();
    const kept = await world().column('SELECT body FROM parked_event WHERE retry_at IS NULL ORDER BY event_id');
    expect(kept).toEqual(bodies);
    expect(bodies.map((_, index) => seen.get(`evt_${index}`))).toEqual(bodies);
    expect(await world().column('SELECT DISTINCT reason FROM inbox')).toEqual(['failed_Error: odd \uFFFD bytes']);
  });

  it('counts a try before its effect, so that an event that kills its process in a retry is parked', async () => {
    const process = world().aProcessor({ apply: failingFor('evt_killer') });
    await process([aDelivery('evt_killer')]);
    const retries = new Retries(world().dataSource, 'spec');
    for (let life = 2; life <= 5; life += 1) {
      // A process that dies here has only leased it.
      expect((await retries.lease())?.attempts).toBe(life);
      await world().runner.runDue();
      expect(await world().parkedRows()).toMatchObject([{ attempts: life }]);
      await world().makeDue();
    }
    await world().runner.runDue();
    expect(await world().parkedRows()).toMatchObject([{ retry_at: null }]);
    expect(await world().announced()).toMatchObject([
      { attempts: 5, reason: 'process_died: before it failed_Error: broken invariant' },
    ]);
  });

  it('leaves an event alone whose lease somebody else has meanwhile', async () => {
    let isBroken = true;
    const process = world().aProcessor({
      apply: (manager, deliveries) =>
        isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries),
    });
    await process([aDelivery('evt_1')]);
    const retries = new Retries(world().dataSource, 'spec');
    const stale = await retries.lease();
    isBroken = false;
    await world().makeDue();
    await world().runner.runDue();
    if (stale === null) throw new Error('nothing was due');
    const manager = world().dataSource.manager;
    expect(await retries.lock(manager, stale)).toBe(false);
    expect(await retries.fail(manager, stale, 'too late', null)).toBe(false);
    expect([await world().effects(), await world().parkedRows()]).toEqual([['evt_1'], []]);
  });

  it('uses up no try of a failed event while the surroundings fail', async () => {
    let failure: Error | undefined = new Error('not yet');
    const process = world().aProcessor({
      apply: (manager, deliveries) => (failure ? Promise.reject(failure) : recordEffect(manager, deliveries)),
    });
    await process([aDelivery('evt_1')]);
    failure = new Retryable('stripe_unavailable');
    const counted: unknown[] = [];
    for (let round = 0; round < 12; round += 1) {
      await world().makeDue();
      await world().runner.runDue();
      counted.push(...(await world().column('SELECT attempts FROM parked_event')));
    }
    // Each spoilt try is taken back before the next.
    expect(new Set(counted)).toEqual(new Set([1, 2]));
    failure = undefined;
    await world().runner.runDue();
    await world().makeDue();
    await world().runner.runDue();
    expect([await world().effects(), await world().parkedRows()]).toEqual([['evt_1'], []]);
  });

  it('parks at once what it can no longer read, and goes on with the next', async () => {
    let isBroken = true;
    const process = world().aProcessor({
      apply: (manager, deliveries) =>
        isBroken ? Promise.reject(new Error('not yet')) : recordEffect(manager, deliveries),
    });
    await process([aDelivery('evt_1'), aDelivery('evt_2')]);
    isBroken = false;
    await world().dataSource.query(
      `UPDATE parked_event SET headers = '{"id": 7}', key = 'cus_1' WHERE event_id = 'evt_1'`,
    );
    await world().runner.runDue();
    expect([await world().effects(), await world().parkedRows()]).toEqual([
      ['evt_2'],
      [{ event_id: 'evt_1', attempts: 2, retry_at: null }],
    ]);
    const reason = 'unreadable: what was kept of its headers';
    expect(await world().announced()).toMatchObject([{ event_id: 'evt_1', reason, attempts: 2 }]);
    const inbox = new Inbox('spec');
    await world().dataSource.transaction(async (manager) => {
      expect(await inbox.findParkedForUpdate(manager, 'cus_1')).toEqual([]);
      expect(await inbox.takeParked(manager, 'evt_1')).toBe('unreadable');
    });
    const found = await new InboxSearch('spec').find(world().dataSource.manager, 'evt_1');
    expect(found).toMatchObject({ outcome: 'parked', parked: { attributes: null } });
  });

  it('parks what a retry answers to park, under its key', async () => {
    let isBroken = true;
    const process = world().aProcessor({
      apply: () =>
        isBroken
          ? Promise.reject(new Error('not yet'))
          : Promise.resolve([{ kind: 'parked', reason: 'unknown_customer', key: 'cus_1' }]),
    });
    await process([aDelivery('evt_1')]);
    isBroken = false;
    await world().runner.runDue();
    const waiting = await world().dataSource.transaction((manager) =>
      new Inbox('spec').findParkedForUpdate(manager, 'cus_1'),
    );
    expect(waiting).toMatchObject([{ delivery: { attributes: { id: 'evt_1' } }, reason: 'unknown_customer' }]);
    expect(await world().announced()).toMatchObject([{ event_id: 'evt_1', reason: 'unknown_customer', attempts: 2 }]);
  });
});
