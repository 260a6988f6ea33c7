import { maintain } from '@billhook/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointKeys, opened, openTrail } from './trail.spec-support.js';
import type { Trail } from './trail.spec-support.js';
import { CheckpointFile } from './checkpoints/checkpoint.file.js';
import { Checkpoints } from './checkpoints/checkpoint.store.js';
import { AuditMaintainConfig, maintenanceTasks } from './maintenance.js';
import { WordIndex } from './search/word-index.store.js';
import { VerifyStore } from './verify/verify.store.js';

let trail: Trail;
let folder: string;
let appendFunction: string;

beforeEach(async () => {
  trail = await openTrail();
  folder = await mkdtemp(join(tmpdir(), 'billhook-spec-'));
  const source = "SELECT pg_get_functiondef('audit.append_entries(bytea[],bytea[],uuid[])'::regprocedure) AS source";
  appendFunction = String((await trail.asSuperuser(source))[0]?.['source']);
});
afterEach(async () => {
  await trail?.close();
  await rm(folder, { recursive: true });
});

/** The first month of these specs ends here: later than any clock of today, so that the trail never goes back. */
const firstEnds = Date.UTC(2090, 1, 1);
const day = 86_400_000;
const retention = 400 * day;

/** As if it were then: nobody can back-date an entry, or date one ahead, through the function as it is. */
async function recordedAt(time: string, ...userIds: string[]): Promise<void> {
  await trail.asSuperuser(appendFunction.replace('clock_timestamp()', `timestamptz '${time}'`));
  const from = { remoteaddress: '203.0.113.7', useragent: 'Firefox' };
  await trail.append(userIds.map((userId) => opened(userId, { id: `of-${userId}`, ...from })));
}

async function threeMonths(): Promise<void> {
  await recordedAt('2090-01-31T23:59:00Z', 'ada', 'grace');
  await recordedAt('2090-02-10T00:00:00Z', 'edsger');
  await recordedAt('2090-03-10T00:00:00Z', 'barbara');
}

function signAll(): Promise<number> {
  const file = new CheckpointFile(join(folder, 'checkpoints.ndjson'));
  return new Checkpoints(trail.dataSource, { key: checkpointKeys.current, file, withinSeconds: 60 }).signDue(
    new Date('2090-03-11T00:00:00Z'),
  );
}

function run(now: number): Promise<string[]> {
  const tasks = maintenanceTasks(new AuditMaintainConfig(), new Date(now));
  const { adminUrl, serviceUrl } = trail.database;
  return maintain({ adminUrl, serviceUrl, schema: 'audit', tasks });
}

/** Of the months that these specs write to: those of today, made ahead, are empty and long past then. */
const dropped = (lines: readonly string[]): string[] =>
  lines.filter((line) => /(dropped|kept) .*entry_2090/.test(line));
const column = async (sql: string): Promise<unknown[]> =>
  (await trail.asSuperuser(sql)).flatMap((row) => Object.values(row));
const seqs = (table: string): Promise<unknown[]> => column(`SELECT seq::int FROM audit.${table} ORDER BY seq`);
const verify = () => new VerifyStore(trail.dataSource, checkpointKeys).verify();

describe('S20: a month of the trail', () => {
  it('goes once its last moment is 400 days ago, and not a moment before', async () => {
    await threeMonths();
    await signAll();
    expect(dropped(await run(firstEnds + retention - 1))).toEqual([]);
    expect(await seqs('entry')).toEqual([1, 2, 3, 4]);
    expect(dropped(await run(firstEnds + retention))).toEqual(['dropped partition entry_2090_01 with 2 entries']);
    expect(await seqs('entry')).toEqual([3, 4]);
  });

  it('leaves a chain that verifies from the checkpoint that closed it', async () => {
    await threeMonths();
    await signAll();
    expect(await verify()).toMatchObject({ ok: true, entries: 4, first: { seq: 1 } });
    await run(firstEnds + retention);
    expect(await verify()).toMatchObject({ ok: true, entries: 2, first: { seq: 3 }, head: { seq: 4 } });
    await recordedAt('2090-03-12T00:00:00Z', 'next');
    expect(await verify()).toMatchObject({ ok: true, entries: 3, head: { seq: 5 } });
  });

  it('stays as long as no checkpoint closes it', async () => {
    await threeMonths();
    expect(dropped(await run(firstEnds + retention))).toEqual([
      'kept partition entry_2090_01: its last entry has no checkpoint',
    ]);
    expect(await seqs('entry')).toEqual([1, 2, 3, 4]);
    await signAll();
    expect(dropped(await run(firstEnds + retention))).toHaveLength(1);
  });

  it('never goes while it is the newest that has entries', async () => {
    await recordedAt('2090-01-31T00:00:00Z', 'ada');
    await signAll();
    expect(dropped(await run(firstEnds + 10 * retention)).at(-1)).toBe(
      'kept partition entry_2090_01: its last entry has no checkpoint',
    );
    expect(await verify()).toMatchObject({ ok: true, entries: 1 });
  });

  it('takes along what its entries were found and known again by', async () => {
    await threeMonths();
    await signAll();
    await new WordIndex(trail.dataSource).indexSome();
    const tables = ['entry_id', 'entry_words', 'blind_index'];
    expect(await Promise.all(tables.map(seqs))).toEqual(tables.map(() => [1, 2, 3, 4]));
    await run(firstEnds + retention);
    expect(await Promise.all(tables.map(seqs))).toEqual(tables.map(() => [3, 4]));
    expect(await trail.append([opened('ada', { id: 'of-ada' }), opened('edsger', { id: 'of-edsger' })])).toEqual(
      new Set(['of-ada']),
    );
  });

  it('is taken away to the end by the next run where one broke off; what was detached too early is not', async () => {
    await threeMonths();
    await signAll();
    await trail.asSuperuser('ALTER TABLE audit.entry DETACH PARTITION audit.entry_2090_01');
    expect(dropped(await run(firstEnds + retention - 1))).toEqual([]);
    expect(dropped(await run(firstEnds + retention))).toEqual(['dropped partition entry_2090_01 with 2 entries']);
    expect(await seqs('entry_id')).toEqual([3, 4]);
  });

  it('is made ahead, append-only as the others are, three months from now on', async () => {
    const made = (await run(Date.UTC(2091, 10, 15))).filter((line) => line.startsWith('made'));
    expect(made).toEqual(['2091_11', '2091_12', '2092_01', '2092_02'].map((name) => `made partition entry_${name}`));
    await expect(trail.asSuperuser('TRUNCATE audit.entry_2092_02')).rejects.toThrow('append-only');
    expect(await run(Date.UTC(2091, 10, 15))).not.toContainEqual(expect.stringMatching('made'));
  });
});

describe('the key of a month', () => {
  const living = (): Promise<unknown[]> =>
    column('SELECT owner FROM audit.sealing_key WHERE wrapped IS NOT NULL ORDER BY owner');

  it('is destroyed a month after its entries went; a key of a person is not', async () => {
    await trail.append([opened('ada', { remoteaddress: '203.0.113.7', actor: 'user:ada' })]);
    const nobodys = ['2090-01', '2090-02', '2090-03'].map((month) => `('month/${month}', gen_random_uuid(), '', 'x')`);
    await trail.asSuperuser(
      `INSERT INTO audit.sealing_key (owner, key_id, wrapped, master_key_id) VALUES ${nobodys.join(', ')}`,
    );
    const last = ['month/2090-02', 'month/2090-03', 'person/ada'];
    await run(firstEnds + retention);
    expect(await living()).toEqual(['month/2090-01', ...last]);
    // February is over by then as well.
    await run(firstEnds + 28 * day + retention);
    expect(await living()).toEqual(last);
  });
});

describe('the outbox', () => {
  it('forgets announcements of checkpoints that were sent a week ago', async () => {
    await recordedAt('2090-01-31T00:00:00Z', 'ada');
    await signAll();
    await signAll();
    const days = (count: number) => `now() - interval '${count} days'`;
    await trail.asSuperuser(`UPDATE audit.outbox SET created_at = ${days(9)}, sent_at = ${days(8)}`);
    expect(await run(Date.now())).toContain('deleted 1 sent outbox rows');
    expect(await column('SELECT id FROM audit.outbox')).toEqual([]);
  });
});
