// Asks the audit service what ops ask, one question after the other.
import pg from 'pg';
import { KeepAliveConnection } from '../load/keep-alive.client.js';
import { runJob } from '../load/job-file.js';
import { tokensFor } from '../load/user-tokens.js';
import { askJob, questions } from './job.js';
import type { AskJob, Question } from './job.js';
import { addressOf, feedFor, operatorOf, ticketOf, userOf } from './trail-feed.js';
import type { Feed } from './trail-feed.js';

const day = 24 * 60 * 60 * 1000;
const types = [
  'billing.payment.failed',
  'billing.portal.opened',
  'billing.account.changed',
  'billing.checkout.started',
  'stripe.invoice.paid',
  'stripe.customer.subscription.updated',
];
const warmUps = 10;

interface Range {
  from: string;
  to: string;
}

/** Thirty days of the year that is stored; never the same twice. */
function rangeOf(index: number, of: number): Range {
  const from = Date.now() - 364 * day + Math.round((334 * day * index) / of);
  return { from: new Date(from).toISOString(), to: new Date(from + 30 * day).toISOString() };
}

/** Half of them busy users, who are a fiftieth of all. */
function personOf(index: number, { users }: Feed): number {
  const busy = Math.floor(users / 50);
  return index % 2 === 0 ? (index * 7) % busy : (index * 7919) % users;
}

/** Where a page begins that has this share of the range before it; pages are cut by an entry's number. */
async function cursorIn(client: pg.Client, { from, to }: Range, share: number): Promise<string> {
  const { rows } = await client.query<{ low: string; high: string }>(
    `SELECT (SELECT seq FROM audit.entry WHERE recorded_at >= $1 ORDER BY recorded_at, seq LIMIT 1) AS low,
       (SELECT seq FROM audit.entry WHERE recorded_at < $2 ORDER BY recorded_at DESC, seq DESC LIMIT 1) AS high`,
    [from, to],
  );
  const [low, high] = [Number(rows[0]?.low), Number(rows[0]?.high)];
  return String(Math.round(high - (high - low) * share));
}

/** A name that some hundred entries of a month hold, one that hardly any does, and two together. */
function wordsOf(index: number, feed: Feed): string {
  const story = feed.users + index * 31;
  const name = operatorOf(story);
  return [name, ticketOf(story), `${name} linked`][index % 3] ?? name;
}

const entriesPath = (query: Record<string, string>): string => `/v1/entries?${new URLSearchParams(query).toString()}`;

async function pathsOf(client: pg.Client, { run, entries, requests }: AskJob): Promise<Record<Question, string[]>> {
  const feed = feedFor(run, entries);
  const paths: Record<Question, string[]> = { timeline: [], type_and_time: [], deep_page: [], text: [], address: [] };
  for (let index = 0; index < requests + warmUps; index += 1) {
    const range = rangeOf(index, requests + warmUps);
    const { from, to } = range;
    const person = personOf(index, feed);
    const typed = { type: types[index % types.length] ?? '', from, to };
    const cursor = await cursorIn(client, range, (index % 100) / 100);
    paths.timeline.push(`/v1/users/${userOf(person)}/timeline`);
    paths.type_and_time.push(entriesPath(typed));
    paths.deep_page.push(entriesPath({ ...typed, cursor }));
    paths.text.push(entriesPath({ q: wordsOf(index, feed), from, to }));
    paths.address.push(entriesPath({ ip: addressOf(person) }));
  }
  return paths;
}

async function ask(connection: KeepAliveConnection, token: string, paths: readonly string[]): Promise<number[]> {
  const ms: number[] = [];
  for (const path of paths) {
    const from = performance.now();
    const { status, body } = await connection.send(
      `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`,
    );
    ms.push(performance.now() - from);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body}`);
  }
  return ms.slice(warmUps);
}

await runJob(askJob, async (job) => {
  const client = new pg.Client({ connectionString: job.adminUrl });
  await client.connect();
  const paths = await pathsOf(client, job);
  await client.end();
  const [token = ''] = await tokensFor(['ops-1'], job, ['ops']);
  const connection = await KeepAliveConnection.open(job.port);
  const ms: Partial<Record<Question, number[]>> = {};
  for (const question of questions) ms[question] = await ask(connection, token, paths[question]);
  connection.close();
  return { ms };
});
