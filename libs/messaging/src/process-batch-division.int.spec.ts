import { describe, expect, it } from '@jest/globals';
import { aDelivery, failingFor, kinds, recordEffect, useBatchWorld } from './process-batch.spec-support.js';

const world = useBatchWorld();

describe('a batch that fails', () => {
  it('divides a batch that fails, so that one poison among many costs few transactions', async () => {
    let transactions = 0;
    const apply = failingFor('evt_077');
    const process = world().aProcessor({
      apply: (manager, deliveries, locked) => {
        transactions += 1;
        return apply(manager, deliveries, locked);
      },
    });
    const ids = Array.from({ length: 100 }, (_, index) => `evt_${String(index).padStart(3, '0')}`);
    const settlements = await process(ids.map((id) => aDelivery(id)));
    expect(settlements.filter(({ kind }) => kind === 'retrying')).toHaveLength(1);
    expect(await world().effects()).toEqual(ids.filter((id) => id !== 'evt_077'));
    expect(transactions).toBeLessThan(20);
  });

  it('F41: parks all of a batch but its healthy ones, and in few more transactions than events', async () => {
    let transactions = 0;
    const process = world().aProcessor({
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
    expect(await world().effects()).toEqual(ids.filter((id) => id.startsWith('evt_good')).toSorted());
    expect(transactions).toBeLessThan(115);
  });

  it('F41: leaves untried what is about the same as some that failed, so that nobody else waits for it', async () => {
    let transactions = 0;
    const process = world().aProcessor({
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
    expect(await world().effects()).toEqual(expect.arrayContaining(ids.filter((id) => id.startsWith('evt_good'))));
    const leftAlone = kinds(settlements).filter((_, index) => ids[index]?.startsWith('evt_of_bad'));
    expect(leftAlone.filter((kind) => kind === 'retrying').length).toBeGreaterThan(70);
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().effects()).toEqual(healthy.toSorted());
    expect(await world().column('SELECT DISTINCT attempts FROM parked_event WHERE retry_at IS NULL')).toEqual([5]);
    expect(await world().column('SELECT count(*)::integer FROM parked_event')).toEqual([40]);
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
