import { waitFor } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Delivery, Outcome, Settlement } from './event.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { aDelivery, again, kinds, recordEffect, useBatchWorld } from './process-batch.spec-support.js';
import { RetryRunner } from './retry-runner.store.js';

const world = useBatchWorld();

describe('an event on which a process dies', () => {
  /** Its line, and then what is due of its retries: with another world().runner, as another process has, which owes nothing. */
  async function live(apply: BatchProcessorOptions['apply'], line: Delivery[]): Promise<Settlement[]> {
    world().runner = new RetryRunner();
    const process = world().aProcessor({ apply });
    try {
      const settlements = await process(line);
      await world().makeDue();
      await world().runner.runDue();
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
    for (let life = 0; life < 12 && !(await world().isParked(killer)); life += 1) {
      const settlements = await live((manager, deliveries) => {
        if (deliveries.every(({ attributes }) => attributes.id !== killer)) return recordEffect(manager, deliveries);
        deaths += 1;
        return Promise.reject(killed);
      }, line);
      line = settlements.length > 0 ? [] : ids.map(again);
    }
    expect(deaths).toBe(5);
    expect(await world().column('SELECT event_id FROM parked_event')).toEqual([killer]);
    expect([await world().effects(), await world().attempts()]).toEqual([ids.filter((id) => id !== killer), []]);
  });

  it('counts two deaths at most against what waits in line, however often somebody else kills the process', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `evt_${index + 10}`);
    const line = ids.map(again);
    const dieAtOnce = (): Promise<Outcome[]> => Promise.reject(killed);
    expect(await live(dieAtOnce, line)).toEqual([]);
    await world().asAdmin(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
      CREATE TRIGGER die BEFORE INSERT ON parked_event FOR EACH ROW EXECUTE FUNCTION die()`);
    for (let life = 0; life < 10; life += 1)
      await expect(world().aProcessor()(line)).rejects.toThrow('terminating connection');
    await world().asAdmin('DROP FUNCTION die CASCADE');
    const leftToRetries = ids.map(() => ({ kind: 'retrying', reason: 'process_died', attempts: 2 }));
    expect(await world().aProcessor({ apply: dieAtOnce })(line)).toEqual(leftToRetries);
    await live(recordEffect, []);
    expect([await world().effects(), await world().parkedRows(), await world().attempts()]).toEqual([ids, [], []]);
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
      const living = await world().dataSource.query<unknown[]>('SELECT FROM pg_stat_activity WHERE pid = $1', [
        row?.pid,
      ]);
      return living.length === 0;
    });
    throw error;
  }

  it('parks an event that crashes PostgreSQL each time, within its tries, and none of its neighbours', async () => {
    const results: string[] = [];
    let crashes = 0;
    const process = world().aProcessor({
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
    for (let retry = 0; retry < 10 && !(await world().isParked('evt_2')); retry += 1) {
      await world().makeDue();
      await world()
        .runner.runDue()
        .catch(() => undefined);
    }
    expect(crashes).toBe(5);
    expect(await world().dataSource.query('SELECT event_id, reason FROM parked_event')).toEqual([
      { event_id: 'evt_2', reason: 'process_died' },
    ]);
    expect(await world().effects()).toEqual(['evt_1', 'evt_3']);
    expect(await world().attempts()).toEqual([]);
  });

  it('parks an event that crashes PostgreSQL in each retry, with a lease between two of them', async () => {
    let crashes = 0;
    const process = world().aProcessor({
      apply: async (manager) => {
        if (crashes > 0) return crashServerProcess(manager);
        throw new Error('broken invariant');
      },
    });
    await process([aDelivery('evt_killer')]);
    for (crashes = 1; crashes < 5; crashes += 1) {
      await world().makeDue();
      await world().runner.runDue();
      expect(await world().parkedRows()).toMatchObject([{ attempts: crashes + 1, retry_at: expect.any(Date) }]);
    }
    await world().makeDue();
    await world().runner.runDue();
    expect(await world().parkedRows()).toMatchObject([{ retry_at: null }]);
  });
});
