import { tapEvents, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { opened, openTrail } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import { toDraft } from '../trail/content.js';
import { CheckpointKey, isSigned } from '../trail/checkpoint.js';
import type { Checkpoint } from '../trail/checkpoint.js';
import { readCheckpoint } from '../trail/checkpoint-line.js';
import { CheckpointFile } from './checkpoint.file.js';
import { Checkpoints } from './checkpoint.store.js';

const key = new CheckpointKey(Buffer.alloc(32, 'made-up checkpoint key '));
const someEvents = (length: number) => Array.from({ length }, (_, index) => opened(`user-${index}`));

async function linesOf(path: string): Promise<Checkpoint[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const read = readCheckpoint(JSON.parse(line));
    if (read === undefined) throw new Error(`no checkpoint: ${line}`);
    return read;
  });
}

describe('checkpoints', () => {
  let trail: Trail;
  let folder: string;
  let path: string;
  let checkpoints: Checkpoints;

  beforeAll(async () => {
    trail = await openTrail();
    folder = await mkdtemp(join(tmpdir(), 'billhook-spec-'));
  });
  afterAll(async () => {
    await trail?.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    await trail.clear();
    path = join(folder, `${crypto.randomUUID()}.ndjson`);
    checkpoints = new Checkpoints(trail.dataSource, { key, file: new CheckpointFile(path), withinSeconds: 60 });
  });

  const inAMinute = (): Date => new Date(Date.now() + 61_000);
  const seqs = async (): Promise<unknown[]> =>
    (await trail.asSuperuser('SELECT seq::int FROM audit.checkpoint ORDER BY seq')).map(({ seq }) => seq);

  it('are made of every thousandth entry, at once', async () => {
    await trail.append(someEvents(2_500));
    expect(await checkpoints.signDue(new Date())).toBe(2);
    expect(await seqs()).toEqual([1_000, 2_000]);
    expect(await checkpoints.signDue(new Date())).toBe(0);
  });

  it('are made of the head once an entry has waited for a minute, and of nothing when none has come since', async () => {
    await trail.append(someEvents(3));
    expect(await checkpoints.signDue(new Date())).toBe(0);
    expect(await checkpoints.signDue(inAMinute())).toBe(1);
    expect(await seqs()).toEqual([3]);
    expect(await checkpoints.signDue(inAMinute())).toBe(0);
  });

  it('are made of the last entry of each month, which stays when the month goes', async () => {
    await trail.append(someEvents(2));
    await trail.tamper(`UPDATE audit.chain_head SET recorded_at = recorded_at - interval '1 month'`);
    await trail.append(someEvents(1));
    expect(await checkpoints.signDue(new Date())).toBe(1);
    expect(await seqs()).toEqual([2]);
  });

  it('are noted outside the database as they stand in it, signed by the key', async () => {
    await trail.append(someEvents(1_001));
    await checkpoints.signDue(inAMinute());
    const noted = await linesOf(path);
    const entries = await trail.asSuperuser('SELECT hash FROM audit.entry WHERE seq IN (1000, 1001) ORDER BY seq');
    expect(noted.map(({ seq, hash }) => [seq, hash])).toEqual([
      [1_000n, entries[0]?.['hash']],
      [1_001n, entries[1]?.['hash']],
    ]);
    const publicKey = createPublicKey(key.publicPem());
    expect(noted.map((each) => isSigned(each, [publicKey]))).toEqual([true, true]);
  });

  it('are not made where they cannot be noted', async () => {
    const nowhere = new CheckpointFile(join(folder, 'missing', 'checkpoints.ndjson'));
    const unable = new Checkpoints(trail.dataSource, { key, file: nowhere, withinSeconds: 60 });
    await trail.append(someEvents(1));
    const announced = (): Promise<unknown[]> => trail.asSuperuser('SELECT FROM audit.outbox');
    const before = await announced();
    await expect(unable.signDue(inAMinute())).rejects.toThrow('ENOENT');
    expect(await seqs()).toEqual([]);
    expect(await announced()).toHaveLength(before.length);
  });

  it('are made once by two at once', async () => {
    await trail.append(someEvents(1_000));
    const signed = await Promise.all([1, 2, 3].map(() => checkpoints.signDue(new Date())));
    expect(signed.reduce((sum, each) => sum + each)).toBe(1);
    expect(await linesOf(path)).toHaveLength(1);
  });

  it.each([
    'UPDATE checkpoint SET seq = seq',
    'DELETE FROM checkpoint',
    'TRUNCATE checkpoint',
    'DROP TABLE checkpoint',
  ])('are out of reach of the service: %s', async (sql) => {
    await expect(trail.dataSource.query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });
});

describe('a running service', () => {
  let audit: AuditUnderTest | undefined;

  afterEach(async () => {
    await audit?.stop();
  });

  it('signs, tells of it, and does not record what it told', async () => {
    const started = await startAudit();
    audit = started;
    const tap = await tapEvents(started.brokerUrl);
    await started.appendStore.append(await started.sealer.seal(someEvents(1_000).map(toDraft)));
    await waitFor(
      'the announcement',
      () => tap.events.some(({ routingKey }) => routingKey === 'audit.checkpoint.signed'),
      10_000,
    );
    await tap.close();
    await started.settled();
    expect(await started.entries('type=audit.*')).toEqual([]);
    expect((await linesOf(started.checkpointPath)).map(({ seq }) => seq)).toEqual([1_000n]);
    expect(await (await fetch(`${started.managementUrl}/health/ready`)).json()).toMatchObject({ status: 'ok' });
  }, 30_000);
});
