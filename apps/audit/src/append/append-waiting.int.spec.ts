import { dataSourceOptions } from '@billhook/database';
import { isSurroundingsFailure } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { opened, openTrail } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import type { SealedEntry } from '../seal/sealed-entry.js';
import { AppendConsumer } from './append.consumer.js';
import { AppendStore } from './append.store.js';

describe('an append that waits for the lock', () => {
  let trail: Trail;
  let holder: pg.Client;

  beforeAll(async () => {
    trail = await openTrail();
  });
  afterAll(async () => {
    await trail?.close();
  });
  beforeEach(async () => {
    holder = new pg.Client({ connectionString: trail.database.adminUrl });
    await holder.connect();
    await holder.query(`SELECT pg_advisory_lock('audit.entry'::regclass::oid::bigint)`);
  });
  afterEach(async () => {
    await holder.end();
  });

  const rejection = async (appended: Promise<unknown>): Promise<unknown> => {
    await expect(appended).rejects.toThrow();
    return appended.catch((error: unknown) => error);
  };

  /** As the service's own, but for the time that a statement may take. */
  async function hurried<T>(work: (store: AppendStore) => Promise<T>): Promise<T> {
    const options = dataSourceOptions({
      url: trail.database.serviceUrl,
      schema: 'audit',
      applicationName: 'spec',
      poolSize: 1,
    });
    const extra: unknown = { ...options.extra, statement_timeout: 1_000 };
    const source = await new DataSource({ ...options, extra }).initialize();
    try {
      return await work(new AppendStore(source));
    } finally {
      await source.destroy();
    }
  }

  /** When the statement began that waits for the lock. */
  const waiterSince = (): Promise<string> =>
    waitFor('somebody to wait', async () => {
      const { rows } = await holder.query<{ since: string }>(
        `SELECT query_start::text AS since FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()`,
      );
      return rows[0]?.since;
    });

  const sealed = (...userIds: string[]): Promise<SealedEntry[]> => trail.seal(userIds.map((userId) => opened(userId)));

  it('gives up before its statement does, at no cost to the events, and appends once the lock is free', async () => {
    const events = [opened('ada'), opened('grace')];
    const error = await rejection(trail.append(events));
    expect(error).toMatchObject({ code: 'database_unavailable', cause: { code: '55P03' } });
    expect(isSurroundingsFailure(error)).toBe(true);
    await holder.query('SELECT pg_advisory_unlock_all()');
    expect(await trail.append(events)).toEqual(new Set(events.map((event) => event.attributes.id)));
  }, 20_000);

  it('costs an entry nothing when the statement ends first', async () => {
    const entries = await sealed('ada');
    const error = await rejection(hurried((store) => store.append(entries)));
    expect(error).toMatchObject({ code: 'database_unavailable', cause: { code: '57014' } });
    expect(isSurroundingsFailure(error)).toBe(true);
  });

  it('appends one by one, in their order, a batch that takes too long together', async () => {
    const events = ['ada', 'grace', 'edsger'].map((userId) => opened(userId));
    const entries = await trail.seal(events);
    const appending = hurried((store) => store.append(entries));
    const first = await waiterSince();
    await waitFor('the next statement', async () => first !== (await waiterSince()), 5_000);
    await holder.query('SELECT pg_advisory_unlock_all()');
    expect([...(await appending)]).toEqual(events.map((event) => event.attributes.id));
  });

  it('takes along the batch behind it when it gives up, so that both come again in their order', async () => {
    const consumer = new AppendConsumer(trail.sealer, new AppendStore(trail.dataSource));
    const [first, second] = ['first', 'second'].map((id) => [{ ...opened('ordered', { id }), redelivered: false }]);
    if (first === undefined || second === undefined) throw new Error('no batches');
    const underWay = [consumer.append(first), consumer.append(second)].map(rejection);
    await underWay[0];
    await holder.query('SELECT pg_advisory_unlock_all()');
    expect(isSurroundingsFailure(await underWay[1])).toBe(true);
    await Promise.all([consumer.append(first), consumer.append(second)]);
    const listed = await trail.asSuperuser("SELECT event_id FROM audit.entry WHERE user_id = 'ordered' ORDER BY seq");
    expect(listed).toEqual([{ event_id: 'first' }, { event_id: 'second' }]);
  }, 20_000);

  it('does not hide what an entry itself does wrong', async () => {
    await holder.query('SELECT pg_advisory_unlock_all()');
    const error = await rejection(
      new AppendStore(trail.dataSource).append([{ id: 'x', content: Buffer.from('{}'), index: null }]),
    );
    expect(error).toMatchObject({ code: '22023' });
    expect(isSurroundingsFailure(error)).toBe(false);
  });
});
