import { Retryable } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import type { Delivery } from './event.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { aDelivery, again, kinds, recordEffect, useBatchWorld } from './process-batch.spec-support.js';

const world = useBatchWorld();

/** Broken for every event with `poison` in its id; counts how often it is called. */
function poisoned(): { calls: () => number; apply: BatchProcessorOptions['apply'] } {
  let count = 0;
  return {
    calls: () => count,
    apply: (manager, deliveries) => {
      count += 1;
      const isPoison = deliveries.some(({ attributes }) => attributes.id.includes('poison'));
      return isPoison ? Promise.reject(new Error('broken')) : recordEffect(manager, deliveries);
    },
  };
}

/** The first word of its id. */
function customerOf({ attributes }: Delivery): string {
  return attributes.id.split('_')[0] ?? '';
}

describe('a batch that fails', () => {
  it('is divided, so that one poison among many costs few transactions', async () => {
    const { apply, calls } = poisoned();
    const process = world().aProcessor({ apply });
    const ids = Array.from({ length: 100 }, (_, index) => (index === 77 ? 'evt_poison' : `evt_${index + 100}`));
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(settlements.filter(({ kind }) => kind === 'retrying')).toHaveLength(1);
    expect(await world().effects()).toEqual(ids.filter((id) => id !== 'evt_poison'));
    expect(calls()).toBeLessThan(20);
  });

  it('F41: parks all of a batch but its healthy ones, and in few more transactions than events', async () => {
    const { apply, calls } = poisoned();
    const process = world().aProcessor({ maxAttempts: 1, apply });
    const ids = Array.from({ length: 50 }, (_, index) => [`evt_poison_${index}`, `evt_good_${index}`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(ids.map((id) => (id.includes('poison') ? 'parked' : 'applied')));
    expect(await world().effects()).toEqual(ids.filter((id) => id.includes('good')).toSorted());
    expect(calls()).toBeLessThan(115);
  });

  it('F41: leaves the rest of a customer untried of whom three have failed, so that nobody else waits for it', async () => {
    const { apply, calls } = poisoned();
    const process = world().aProcessor({ apply, customerOf });
    const ids = Array.from({ length: 40 }, (_, n) => [`bad_poison_${n}`, `bad_${n}`, `good${n}_1`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(calls()).toBeLessThan(25);
    expect(await world().effects()).toEqual(expect.arrayContaining(ids.filter((id) => id.startsWith('good'))));
    const ofBad = kinds(settlements).filter((_, index) => ids[index]?.startsWith('bad'));
    expect(ofBad.filter((kind) => kind === 'retrying').length).toBeGreaterThan(70);
    const untried = await world().column('SELECT event_id FROM parked_event WHERE attempts = 0 ORDER BY retry_at');
    expect(untried).toEqual(ids.filter((id) => untried.includes(id)));
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().effects()).toEqual(ids.filter((id) => !id.includes('poison')).toSorted());
    const ends = 'SELECT DISTINCT attempts FROM parked_event WHERE retry_at IS NULL';
    expect([await world().column(ends), (await world().parkedRows()).length]).toEqual([[5], 40]);
  });

  it('leaves nobody untried where each customer has one that fails, as where one type of event cannot be read', async () => {
    const process = world().aProcessor({ apply: poisoned().apply, customerOf });
    const ids = Array.from({ length: 8 }, (_, n) => [`cus${n}_poison`, `cus${n}_1`, `cus${n}_2`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(ids.map((id) => (id.includes('poison') ? 'retrying' : 'applied')));
  });

  it('goes on where nobody can say of which customer an event is', async () => {
    const broken = (): never => {
      throw new Error('unreadable');
    };
    const process = world().aProcessor({ apply: poisoned().apply, customerOf: broken });
    const ids = Array.from({ length: 5 }, (_, n) => [`evt_poison_${n}`, `evt_good_${n}`]).flat();
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(kinds(settlements)).toEqual(ids.map((id) => (id.includes('poison') ? 'retrying' : 'applied')));
  });

  it('counts no try of what it leaves, though it was redelivered or is in the batch twice, and none when it is given back', async () => {
    const { apply } = poisoned();
    let isDown = true;
    const process = world().aProcessor({
      customerOf,
      apply: (manager, deliveries, locked) =>
        isDown && deliveries.some(({ attributes }) => attributes.id.startsWith('good'))
          ? Promise.reject(new Retryable('stripe_unavailable'))
          : apply(manager, deliveries, locked),
    });
    const poison = Array.from({ length: 6 }, (_, n) => `bad_poison_${n}`);
    const batch = [...poison.map(again), again('bad_1'), aDelivery('bad_1'), aDelivery('good_1')];
    await expect(process(batch)).rejects.toBeInstanceOf(Retryable);
    expect(await world().parkedRows()).toEqual([]);
    isDown = false;
    await process(batch);
    expect(await world().effects()).toEqual(['good_1']);
    expect(await world().attempts()).toEqual([]);
    const untried = await world().column('SELECT event_id FROM parked_event WHERE attempts = 0');
    expect(untried).toContain('bad_1');
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().effects()).toEqual(['bad_1', 'good_1']);
  });

  it('puts off an event whose lock somebody holds, and its neighbours wait for three seconds of locks at most', async () => {
    const holder = world().dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await holder.query('SELECT pg_advisory_xact_lock(77)');
    let waitedMs = 0;
    const process = world().aProcessor({
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
    expect(await world().column('SELECT DISTINCT attempts FROM parked_event')).toEqual([0]);
    expect(waitedMs).toBeGreaterThan(0);
    expect(waitedMs).toBeLessThanOrEqual(3_000);
    await holder.rollbackTransaction();
    await holder.release();
    await world().makeDue();
    await world().runner.runDue();
    expect([(await world().effects()).length, await world().parkedRows()]).toEqual([100, []]);
  });

  it('uses up no try of an event whose statement took too long, however often', async () => {
    let isSlow = true;
    const seen: number[] = [];
    const process = world().aProcessor({
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
      await world().makeDue();
      await world().runner.runDue();
      expect(await world().parkedRows()).toMatchObject([{ event_id: 'evt_slow', attempts: 0 }]);
    }
    const [waitsMs] = await world().column(
      'SELECT extract(epoch FROM retry_at - clock_timestamp()) * 1000 FROM parked_event',
    );
    expect(Number(waitsMs)).toBeGreaterThan(20_000);
    isSlow = false;
    await world().makeDue();
    await world().runner.runDue();
    expect([await world().effects(), await world().parkedRows()]).toEqual([['evt_1', 'evt_2', 'evt_slow'], []]);
  });

  it('parks in the end what always takes too long, and only after an hour in which it might have been the server', async () => {
    const process = world().aProcessor({
      maxAttempts: 3,
      apply: async (manager) => {
        await manager.query(`SET LOCAL statement_timeout = '20ms'`);
        await manager.query('SELECT pg_sleep(5)');
        return [];
      },
    });
    await process([aDelivery('evt_slow')]);
    const age = (minutes: number): Promise<unknown> =>
      world().dataSource.query('UPDATE parked_event SET parked_at = now() - make_interval(mins => $1)', [minutes]);
    await age(59);
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().parkedRows()).toMatchObject([{ event_id: 'evt_slow', attempts: 0 }]);
    await age(61);
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().parkedRows()).toEqual([{ event_id: 'evt_slow', attempts: 3, retry_at: null }]);
    const reason = expect.stringMatching(/^failed_57014: /);
    expect(await world().announced()).toMatchObject([{ event_id: 'evt_slow', attempts: 3, reason }]);
  });
});
