import { dataSourceOptions } from '@billhook/database';
import { createTestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { schema } from '../schema.js';
import { Runs } from './run.store.js';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let dataSource: DataSource;
let runs: Runs;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  const options = { url: database.serviceUrl, schema: 'subscription', applicationName: 'run-spec' };
  dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  runs = new Runs(dataSource);
});

beforeEach(() => dataSource.query('UPDATE reconcile_run SET finished_at = now()'));

afterAll(async () => {
  await dataSource?.destroy();
  await database?.drop();
});

const sweep = () => runs.request({ kind: 'sweep', dryRun: false, requestedBy: 'schedule', note: null });
const step = (position: string | null, listed: number) => ({
  next: position === null ? null : { position },
  counts: { listed },
});

describe('a replica that was slow and leads no more', () => {
  it('moves back no run that another has moved on', async () => {
    const { run } = await sweep();
    await runs.advance(run, step('sub_100', 100));
    const moved = await runs.find(run.id);
    if (moved === null) throw new Error('the run is gone');
    await runs.advance(moved, step('sub_200', 100));
    await runs.advance(run, step('sub_100', 100));
    await runs.postpone(run, 'too late', 60_000);
    expect(await runs.find(run.id)).toMatchObject({ position: 'sub_200', counts: { listed: 200 }, attempts: 0 });
  });

  it('opens no run again that another has ended', async () => {
    const { run } = await sweep();
    await runs.advance(run, step(null, 1));
    for (const phase of ['own', 'checking']) {
      const now = await runs.find(run.id);
      expect(now?.phase).toBe(phase);
      if (now !== null) await runs.advance(now, step(null, 0));
    }
    await runs.advance(run, step('sub_100', 1));
    await runs.fail(run, 'too late');
    expect(await runs.find(run.id)).toMatchObject({
      finishedAt: expect.any(Date),
      failure: null,
      counts: { listed: 1 },
    });
    expect(await sweep()).toMatchObject({ isNew: true });
  });
});
