import { Retryable } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import type { Outcome } from './event.js';
import { Inbox } from './inbox.store.js';
import { InboxSearch } from './inbox-search.store.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { aDelivery, again, kinds, recordEffect, useBatchWorld } from './process-batch.spec-support.js';
import { isSurroundingsFailure } from './surroundings.js';

const world = useBatchWorld();

describe('a batch', () => {
  it('applies a batch once, whoever delivers it how often', async () => {
    const process = world().aProcessor();
    expect(kinds(await process([aDelivery('evt_1'), aDelivery('evt_2'), aDelivery('evt_1')]))).toEqual([
      'applied',
      'applied',
      'duplicate',
    ]);
    expect(kinds(await process([again('evt_1'), aDelivery('evt_3')]))).toEqual(['duplicate', 'applied']);
    expect(await world().effects()).toEqual(['evt_1', 'evt_2', 'evt_3']);
    expect(await world().attempts()).toEqual([]);
  });

  it('has one effect when many replicas get the same events at once', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `evt_${index}`);
    const replicas = Array.from({ length: 8 }, () => world().aProcessor());
    const answers = await Promise.all(
      replicas.map((process, index) => process((index % 2 === 0 ? ids : ids.toReversed()).map((id) => aDelivery(id)))),
    );
    expect(await world().effects()).toEqual(ids.toSorted());
    expect(answers.flat().filter((settlement) => settlement.kind === 'applied')).toHaveLength(20);
  });

  it('keeps what became of each event', async () => {
    const outcomes: Outcome[] = [
      { kind: 'applied' },
      { kind: 'ignored', reason: 'stale' },
      { kind: 'parked', reason: 'unknown_customer', key: 'cus_1' },
    ];
    const process = world().aProcessor({ apply: () => Promise.resolve(outcomes) });
    await process([aDelivery('evt_1'), aDelivery('evt_2'), aDelivery('evt_3')]);
    expect(await world().dataSource.query('SELECT event_id, outcome, reason FROM inbox ORDER BY event_id')).toEqual([
      { event_id: 'evt_1', outcome: 'applied', reason: null },
      { event_id: 'evt_2', outcome: 'ignored', reason: 'stale' },
      { event_id: 'evt_3', outcome: 'parked', reason: 'unknown_customer' },
    ]);
    const search = new InboxSearch('spec');
    const page = { order: 'newest', limit: 2 } as const;
    expect(await search.list(world().dataSource.manager, { status: 'parked' }, page)).toMatchObject([
      { eventId: 'evt_3' },
    ]);
    const firstPage = await search.list(world().dataSource.manager, {}, page);
    const secondPage = await search.list(world().dataSource.manager, {}, { ...page, after: firstPage[1] });
    expect([...firstPage, ...secondPage].map((entry) => entry.eventId)).toEqual(['evt_3', 'evt_2', 'evt_1']);
  });

  it('parks an event with its exact bytes and announces it, in the transaction that records it', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x0a]);
    const process = world().aProcessor({
      apply: () => Promise.resolve([{ kind: 'parked', reason: 'unreadable: \0', key: 'cus_1' }]),
    });
    await process([aDelivery('evt_1', { body })]);
    const inbox = new Inbox('spec');
    const [parked] = await world().dataSource.transaction((manager) => inbox.findParkedForUpdate(manager, 'cus_1'));
    expect(parked?.delivery.body.equals(body)).toBe(true);
    expect(parked).toMatchObject({ delivery: { attributes: { id: 'evt_1' } }, reason: 'unreadable: \uFFFD' });
    const [announced] = await world().column("SELECT convert_from(body, 'utf8') FROM outbox");
    expect(JSON.parse(String(announced))).toMatchObject({ event_id: 'evt_1', event_type: 'stripe.invoice.paid' });
  });

  it('releases parked events once they could be run', async () => {
    const inbox = new Inbox('spec');
    const process = world().aProcessor({
      apply: (_manager, deliveries) =>
        Promise.resolve(deliveries.map(() => ({ kind: 'parked', reason: 'unknown_customer', key: 'cus_1' }))),
    });
    await process([aDelivery('evt_1'), aDelivery('evt_2')]);
    await world().dataSource.transaction(async (manager) => {
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
    expect(await world().column('SELECT outcome FROM inbox ORDER BY event_id')).toEqual(['applied', 'parked']);
    expect(await world().column('SELECT event_id FROM parked_event')).toEqual(['evt_2']);
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
    const [one, two] = [world().aProcessor({ apply: crossing(1, 2) }), world().aProcessor({ apply: crossing(2, 1) })];
    const settlements = await Promise.all([one([aDelivery('evt_1')]), two([aDelivery('evt_2')])]);
    expect(settlements.flatMap(kinds)).toEqual(['applied', 'applied']);
    expect(calls.length).toBeGreaterThan(2);
    expect([await world().effects(), await world().attempts(), await world().parkedRows()]).toEqual([
      ['evt_1', 'evt_2'],
      [],
      [],
    ]);
  });

  it('counts no attempt when the surroundings fail, however often', async () => {
    let isDown = true;
    const process = world().aProcessor({
      maxAttempts: 2,
      apply: (manager, deliveries) =>
        isDown ? Promise.reject(new Retryable('stripe_unavailable')) : recordEffect(manager, deliveries),
    });
    for (let round = 0; round < 6; round += 1) {
      await expect(process([again('evt_1'), aDelivery('evt_2')])).rejects.toBeInstanceOf(Retryable);
    }
    isDown = false;
    expect(kinds(await process([again('evt_1'), again('evt_2')]))).toEqual(['applied', 'applied']);
    expect(await world().column('SELECT event_id FROM parked_event')).toEqual([]);
    expect(await world().attempts()).toEqual([]);
  });

  it('counts no attempt while somebody else holds a lock, as a migration does', async () => {
    const migration = world().dataSource.createQueryRunner();
    await migration.startTransaction();
    await migration.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await migration.query('LOCK TABLE inbox IN SHARE MODE');
    const process = world().aProcessor({ maxAttempts: 1 });
    const error = await process([again('evt_1')]).catch((reason: unknown) => reason);
    expect(isSurroundingsFailure(error)).toBe(true);
    await migration.rollbackTransaction();
    await migration.release();
    expect(kinds(await process([again('evt_1')]))).toEqual(['applied']);
  });

  it('F34: leaves nothing behind when a swallowed error has spoilt the transaction', async () => {
    const process = world().aProcessor({
      apply: async (manager, deliveries) => {
        await manager.query('SELECT 1/0').catch(() => undefined);
        return deliveries.map(() => ({ kind: 'applied' }));
      },
    });
    expect(kinds(await process([aDelivery('evt_1')]))).toEqual(['retrying']);
    expect([await world().effects(), await world().column('SELECT outcome FROM inbox')]).toEqual([[], ['retrying']]);
  });
});
