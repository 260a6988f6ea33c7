// Has the audit service verify the whole trail, and takes all of it away by both exports.
import { execFile } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { projectFile } from '@billhook/testing';
import { rssOf } from '../cost/proc.process.js';
import { runJob } from '../load/job-file.js';
import { tokensFor } from '../load/user-tokens.js';
import { readThroughJob } from './job.js';

const sampleEveryMs = 100;
/** The most that an export may be asked for. */
const everything = 10_000_000;
const verdict = z.object({ ok: z.literal(true), entries: z.int().positive() });

interface Door {
  port: number;
  pid: number;
  token: string;
  folder: string;
}

function answerTo({ port, token }: Door, path: string): Promise<IncomingMessage> {
  const options = { host: '127.0.0.1', port, path, headers: { authorization: `Bearer ${token}` } };
  return new Promise((resolve, reject) => get(options, resolve).on('error', reject));
}

async function verify(door: Door): Promise<{ entries: number; seconds: number }> {
  const begin = performance.now();
  const answer = await answerTo(door, '/v1/chain/verify');
  const { entries } = verdict.parse(JSON.parse(await text(answer)));
  return { entries, seconds: (performance.now() - begin) / 1000 };
}

/** Into a file, which costs about as much as a network would. */
async function take(door: Door, format: 'csv' | 'ndjson', limit: number): Promise<{ seconds: number; most: number }> {
  let most = rssOf(door.pid);
  const timer = setInterval(() => (most = Math.max(most, rssOf(door.pid))), sampleEveryMs);
  const begin = performance.now();
  try {
    const answer = await answerTo(door, `/v1/entries/export?format=${format}&limit=${limit}`);
    await pipeline(answer, createWriteStream(join(door.folder, `export.${format}`)));
  } finally {
    clearInterval(timer);
  }
  return { seconds: (performance.now() - begin) / 1000, most };
}

/** What it grows by is counted from a small export on, which loads what the first one ever does. */
async function measured(
  door: Door,
  format: 'csv' | 'ndjson',
  entries: number,
): Promise<{ perSecond: number; memoryGrowth: number }> {
  await take(door, format, Math.ceil(entries / 100));
  const before = rssOf(door.pid);
  const { seconds, most } = await take(door, format, everything);
  return { perSecond: entries / seconds, memoryGrowth: most - before };
}

/** As an auditor does it: by the command, which says how quick it was. */
async function verifyFiles(door: Door, checkpoints: string): Promise<number> {
  const key = join(door.folder, 'public.pem');
  writeFileSync(key, await text(await answerTo(door, '/v1/chain/public-key')));
  const command = projectFile('dist/apps/audit/src/verify.command.js');
  const files = [join(door.folder, 'export.ndjson'), checkpoints];
  const { stdout } = await promisify(execFile)(process.execPath, [command, '--key', key, ...files]);
  const rate = /(\d+) entries\/s/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`the verifier says: ${stdout}`);
  return Number(rate);
}

await runJob(readThroughJob, async ({ port, pid, folder, checkpoints, ...making }) => {
  const [token = ''] = await tokensFor(['ops-1'], making, ['ops']);
  const door = { port, pid, token, folder };
  const { entries, seconds } = await verify(door);
  const csv = await measured(door, 'csv', entries);
  const ndjson = await measured(door, 'ndjson', entries);
  const verifyFilesPerSecond = await verifyFiles(door, checkpoints);
  return { entries, verifyPerSecond: entries / seconds, verifyFilesPerSecond, csv, ndjson };
});
