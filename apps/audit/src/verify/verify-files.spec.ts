import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryHash, genesisHash, sha256 } from '../trail/chain.js';
import type { ChainedEntry } from '../trail/chain.js';
import { checkpointLine } from '../trail/checkpoint-line.js';
import { CheckpointKey } from '../trail/checkpoint.js';
import { toIso } from '../trail/instants.js';
import { judge } from './judgement.js';
import { linesOf } from './lines.file.js';
import { verifyFiles } from './verify-files.js';
import type { Evidence, Finding } from './verify-files.js';

const key = new CheckpointKey(Buffer.alloc(32, 'made-up checkpoint key '));

function trailOf(length: number): ChainedEntry<Buffer>[] {
  const entries: ChainedEntry<Buffer>[] = [];
  for (let n = 1; n <= length; n += 1) {
    const content = Buffer.from(`{"id":"event-${n}","text":"ünï \\"🐑\\""}`);
    const link = {
      seq: BigInt(n),
      recordedAt: 1_795_392_000_000_000n + BigInt(n),
      previousHash: entries.at(-1)?.hash ?? genesisHash,
      contentHash: sha256(content),
    };
    entries.push({ ...link, content, hash: entryHash(link) });
  }
  return entries;
}

const lineOf = ({ seq, recordedAt, previousHash, contentHash, hash, content }: ChainedEntry<Buffer>): string =>
  JSON.stringify({
    line: 'entry',
    seq: Number(seq),
    recorded_at: toIso(recordedAt),
    previous_hash: previousHash.toString('hex'),
    content_hash: contentHash.toString('hex'),
    hash: hash.toString('hex'),
    content: content.toString('utf8'),
  });

const trail = trailOf(2_100);
const end = JSON.stringify({ line: 'end', complete: true, entries: trail.length, last_seq: trail.length });
const exported = `${[...trail.map(lineOf), end].join('\n')}\n`;
const noted = [1_000, 2_000, 2_050]
  .flatMap((seq) => trail.filter((entry) => entry.seq === BigInt(seq)))
  .map((head) => checkpointLine(key.sign(head, 1n)))
  .join('');

function fileOf(name: string, text: string): Evidence['files'][number] {
  return {
    name,
    async *lines() {
      yield await Promise.resolve(text.split('\n').slice(0, 700));
      yield text.split('\n').slice(700);
    },
  };
}

function verify(texts: string[], bounds: Pick<Evidence, 'from' | 'to'> = {}): Promise<Finding> {
  const files = texts.map((text, index) => fileOf(`file-${index}`, text));
  return verifyFiles({ files, publicKeys: [key.publicKey], ...bounds });
}

const judged = async (texts: string[], bounds?: Pick<Evidence, 'from' | 'to'>): Promise<string> =>
  judge(await verify(texts, bounds), 1_000).text;

describe('verifying files', () => {
  it('says what holds, and up to where it is proved', async () => {
    expect(await judged([exported, noted])).toBe(
      [
        'OK: 2100 entries hold, from 1 (2026-11-23T00:00:00.000001Z) to 2100; 2100 entries/s',
        '    3 checkpoints signed by this key prove them up to 2050; the 50 after that fit, and wait for their checkpoint',
      ].join('\n'),
    );
  });

  it('takes checkpoints before, behind and among the entries', async () => {
    const lines = exported.split('\n');
    const among = [...lines.slice(0, 500), ...noted.split('\n'), ...lines.slice(500)].join('\n');
    for (const texts of [[noted, exported], [among]]) expect((await judged(texts)).slice(0, 3)).toBe('OK:');
  });

  it('goes on from one export to the next', async () => {
    const lines = exported.split('\n');
    const parts = [lines.slice(0, 900).join('\n'), lines.slice(900).join('\n')];
    expect((await judged([...parts, noted])).slice(0, 3)).toBe('OK:');
  });

  it.each<[string, string[], string]>([
    ['a changed word', [exported.replace('event-1234', 'event-1235'), noted], 'entry 1234 has been changed'],
    [
      'text that has no UTF-8',
      [exported.replace('event-1234\\"', 'event-1234\\ud800\\"'), noted],
      'line 1234 of file-0',
    ],
    ['a line gone', [exported.replace(/.*"seq":77,.*\n/, ''), noted], 'entry 77 is missing'],
    ['the end cut off', [exported.split('\n').slice(0, 2_010).join('\n'), noted], 'entry 2011 is missing'],
    [
      'a checkpoint gone',
      [exported, noted.split('\n').slice(1).join('\n')],
      'entry 1000 should have a signed checkpoint',
    ],
    ['no checkpoint at all', [exported], 'no signed checkpoint proves any of these'],
    ['no entry at all', [noted], 'entry 1 is missing'],
    ['a line that is none', [`${exported}{"line":"entry","seq":"x"}\n`, noted], 'line 2102 of file-0'],
    ['half a line', [exported, noted.slice(0, 40)], 'line 1 of file-1'],
    [
      'a foreign signature',
      [
        exported,
        noted + checkpointLine(new CheckpointKey(Buffer.alloc(32, 'forger ')).sign(trailOf(9)[8] ?? noHead, 1n)),
      ],
      'entry 9 has a checkpoint that this key has not signed',
    ],
  ])('finds %s', async (_, texts, words) => {
    const { holds, text } = judge(await verify(texts), 1);
    expect([holds, text]).toEqual([false, expect.stringContaining(words)]);
  });

  it('takes a part of the chain, from behind a checkpoint to before newer ones', async () => {
    const part = exported.split('\n').slice(1_000, 2_020).join('\n');
    expect((await judged([part, noted], { from: 1_001n, to: 2_020n })).slice(0, 3)).toBe('OK:');
    expect(await judged([part, noted])).toContain('entry 1 is missing');
    expect(await judged([part, noted], { from: 1_001n })).toContain('entry 2021 is missing');
  });
});

const noHead = { seq: 9n, recordedAt: 0n, hash: genesisHash };

describe('the lines of a file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-spec-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['with its last line ended', 'a\nü\n'],
    ['with its last line open', 'a\nü'],
  ])('come whole, %s', async (name, text) => {
    const path = join(folder, name);
    await writeFile(path, `${'🐑'.repeat(300_000)}\n${text}`);
    const read: string[] = [];
    for await (const lines of linesOf(path)) read.push(...lines);
    expect(read).toEqual(['🐑'.repeat(300_000), 'a', 'ü']);
  });
});
