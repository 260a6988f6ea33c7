import { waitFor } from '@billhook/testing';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { checkpointEvery } from '../../../apps/audit/src/trail/chain-verifier.js';
import { startMember } from '../crew.process.js';
import type { Member } from '../crew.process.js';
import { withDatabase } from '../database.store.js';
import { atLeast, atMost, figure, median, quantile } from '../figure.js';
import type { Figure, Goal } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { runProgram } from '../load/load.process.js';
import { tokenMakingOf, withOwnTokens } from '../load/user-tokens.js';
import { purgeQueues } from '../queues.client.js';
import { appendResult, askResult, batchSize, loadResult, questions, readThroughResult } from './job.js';
import type { AppendRound, Question } from './job.js';
import { headOf, recordedRate } from './recorded.store.js';

/** How many times as many entries the second time. */
const factor = 10;
const mostGrowth = 1.5;
const signingTimeoutMs = 5 * 60_000;

/** What ops wait at most, in ms, at the 95th percentile. */
const goals: Record<Question, Goal | undefined> = {
  timeline: atMost(20),
  type_and_time: atMost(50),
  deep_page: atMost(50),
  text: atMost(500),
  address: undefined,
};

type Answers = Record<Question, number[]>;

/**
 * A trail of a year, loaded through its own append function: what appending costs beside bare rows, what ops wait for, what it takes
 * to verify and to export all of it; and the same questions of a tenth of it before.
 */
export const audit: Part = async (given) => {
  const lab = withOwnTokens(given);
  const entries = lab.sized(10_000_000);
  try {
    return await withDatabase(lab, async (client) => {
      const before = await askFew(lab, client, entries / factor);
      const { rate, wordsRate } = await load(lab, 'many', entries);
      const rounds = await append(lab, entries);
      const drained = await drain(lab, client, entries);
      const { after, through } = await withService(lab, client, async (member) => ({
        after: await ask(lab, member, { run: 'many', entries }),
        through: await readThrough(lab, member),
      }));
      return [
        figure('audit.entries', entries, 'entries'),
        figure('audit.load.rate', rate, 'entries/s'),
        figure('audit.load.words_rate', wordsRate, 'entries/s'),
        ...appendFigures(rounds, drained),
        ...questions.flatMap((question) => questionFigures(question, before, after)),
        ...through,
      ];
    });
  } finally {
    await purgeQueues(lab.place.rabbitmqUrl);
  }
};

async function askFew(lab: Lab, client: pg.Client, entries: number): Promise<Answers> {
  await load(lab, 'few', entries);
  return withService(lab, client, (member) => ask(lab, member, { run: 'few', entries }));
}

const program = (name: string): { name: string; script: string } => ({
  name: `audit-${name}`,
  script: `bench/src/audit/${name}-main.js`,
});

function adminUrlOf({ place }: Lab): string {
  const url = new URL(place.databaseAdminUrl);
  url.pathname = new URL(place.databaseUrls.audit).pathname;
  return url.toString();
}

function writerOf(lab: Lab): object {
  const { AUDIT_MASTER_KEY: masterKey, AUDIT_INDEX_KEY: indexKey } = lab.settings.audit;
  return { serviceUrl: lab.place.databaseUrls.audit, adminUrl: adminUrlOf(lab), masterKey, indexKey };
}

/** Replaces what is stored, and what was noted of it. */
async function load(lab: Lab, run: string, entries: number): Promise<{ rate: number; wordsRate: number }> {
  await rm(lab.place.checkpointPath, { force: true });
  const loaded = await runProgram(lab, program('load'), { ...writerOf(lab), run, entries }, loadResult);
  lab.say(`${entries} entries: ${Math.round(loaded.rate)}/s, their words ${Math.round(loaded.wordsRate)}/s`);
  return loaded;
}

/** The service, once it has signed all that there is to sign. */
async function withService<T>(lab: Lab, client: pg.Client, work: (member: Member) => Promise<T>): Promise<T> {
  const member = await startMember(lab, 'audit');
  try {
    await waitFor('every checkpoint', () => isSigned(client), signingTimeoutMs);
    return await work(member);
  } finally {
    await member.stop();
  }
}

async function isSigned(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ signed: boolean }>(
    'SELECT coalesce((SELECT max(seq) FROM audit.checkpoint), 0) >= seq / $1 * $1 AS signed FROM audit.chain_head',
    [checkpointEvery],
  );
  return rows[0]?.signed === true;
}

async function append(lab: Lab, entries: number): Promise<AppendRound[]> {
  const batches = Math.ceil(lab.sizedRound(400_000) / batchSize);
  const job = { ...writerOf(lab), run: 'append', entries, rounds: lab.rounds, batches };
  const { rounds } = await runProgram(lab, program('append'), job, appendResult);
  for (const { chained, sealed, bare } of rounds) {
    lab.say(`chained ${Math.round(chained)}, sealed ${Math.round(sealed)}, bare ${Math.round(bare)} entries/s`);
  }
  return rounds;
}

/** Events that wait for the service in its queue: entries a second. The service starts cold each time. */
async function drain(lab: Lab, client: pg.Client, entries: number): Promise<number> {
  const count = lab.sizedRound(200_000);
  const rates: number[] = [];
  for (let round = 0; round < lab.rounds; round += 1) {
    const job = { run: `queue${round}`, entries, count, rabbitmqUrl: lab.place.rabbitmqUrl };
    await runProgram(lab, program('queue'), job, z.object({}));
    const before = await headOf(client);
    rates.push(await withService(lab, client, () => recordedRate(client, before, count)));
    await purgeQueues(lab.place.rabbitmqUrl);
  }
  lab.say(`from the queue: ${rates.map(Math.round).join(' ')} entries/s`);
  return median(rates);
}

function appendFigures(rounds: readonly AppendRound[], drained: number): Figure[] {
  const middle = (of: (round: AppendRound) => number): number => median(rounds.map(of));
  const bareRate = middle(({ bare }) => bare);
  const ratio = middle(({ chained, bare }) => chained / bare);
  const sealedRatio = middle(({ sealed, bare }) => sealed / bare);
  const [chainedRate, sealedRate] = [middle(({ chained }) => chained), middle(({ sealed }) => sealed)];
  return [
    figure('audit.append.bare_rate', bareRate, 'entries/s'),
    figure('audit.append.rate', chainedRate, 'entries/s'),
    figure('audit.append.ratio', ratio, 'ratio', atLeast(0.65)),
    figure('audit.append.with_sealing_rate', sealedRate, 'entries/s'),
    figure('audit.append.with_sealing_ratio', sealedRatio, 'ratio'),
    figure('audit.append.from_queue_rate', drained, 'entries/s'),
    figure('audit.append.from_queue_ratio', drained / bareRate, 'ratio'),
  ];
}

interface Stored {
  run: string;
  entries: number;
}

async function ask(lab: Lab, { name }: Member, stored: Stored): Promise<Answers> {
  const port = lab.ports.audit;
  const requests = Math.max(60, Math.round(lab.sizedRound(4_800)));
  const job = { ...tokenMakingOf(lab), port, adminUrl: adminUrlOf(lab), requests, ...stored };
  const { ms } = await runProgram(lab, program('ask'), job, askResult);
  const each = questions.map((question) => `${question} ${quantile(ms[question], 0.95).toFixed(1)}`);
  lab.say(`${name} with ${stored.entries} entries, p95 in ms: ${each.join(', ')}`);
  return ms;
}

function questionFigures(question: Question, before: Answers, after: Answers): Figure[] {
  const growth = median(after[question]) / median(before[question]);
  return [
    figure(`audit.${question}.p50`, median(after[question]), 'ms'),
    figure(`audit.${question}.p95`, quantile(after[question], 0.95), 'ms', goals[question]),
    figure(`audit.${question}.growth`, growth, 'ratio', atMost(mostGrowth)),
  ];
}

async function readThrough(lab: Lab, { pid }: Member): Promise<Figure[]> {
  const folder = join(lab.logFolder, 'audit');
  mkdirSync(folder, { recursive: true });
  const job = { ...tokenMakingOf(lab), port: lab.ports.audit, pid, folder, checkpoints: lab.place.checkpointPath };
  try {
    const found = await runProgram(lab, program('read-through'), job, readThroughResult);
    return [
      figure('audit.verify.rate', found.verifyPerSecond, 'entries/s', atLeast(100_000)),
      figure('audit.verify.files_rate', found.verifyFilesPerSecond, 'entries/s', atLeast(100_000)),
      figure('audit.export.ndjson_rate', found.ndjson.perSecond, 'entries/s', atLeast(50_000)),
      figure('audit.export.ndjson_rss_growth', found.ndjson.memoryGrowth, 'MB', atMost(50)),
      figure('audit.export.csv_rate', found.csv.perSecond, 'entries/s', atLeast(50_000)),
      figure('audit.export.csv_rss_growth', found.csv.memoryGrowth, 'MB', atMost(50)),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
