// Follows every user at every replica, then changes every account once, at a fixed rate, with the services' own publisher. Publisher
// and browsers are one process, so that both ends of a measurement are read from one clock.
import { samples } from '@billhook/contracts';
import { EventPublisher } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inParallel, runJob } from '../load/job-file.js';
import { tokensFor } from '../load/user-tokens.js';
import { EventStream } from './event-stream.client.js';
import { watchJob } from './job.js';
import type { WatchResult } from './job.js';

const newVersion = 1_000_000;
const wide = 16;
const longestWaitMs = 60_000;
const settleMs = 1_000;

const warn = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const log = { info: () => undefined, warn, error: warn };
const now = (): number => performance.timeOrigin + performance.now();

/** When each change was stored, at the latest: a statement of its transaction may have waited since. */
async function storedAt(databaseUrl: string, userIds: readonly string[]): Promise<Map<string, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ user_id: string; at: number }>(
    'SELECT user_id, extract(epoch FROM updated_at)::float8 * 1000 AS at FROM account WHERE user_id = ANY ($1) AND version = $2',
    [userIds, newVersion],
  );
  await client.end();
  return new Map(rows.map(({ user_id, at }) => [user_id, at]));
}

function since(from: ReadonlyMap<string, number>, seen: ReadonlyMap<string, number>): number[] {
  return [...seen].map(([userId, at]) => {
    const begin = from.get(userId);
    if (begin === undefined) throw new Error(`${userId} saw a change that was never made`);
    return at - begin;
  });
}

await runJob(watchJob, async ({ ports, userIds, perSecond, rabbitmqUrl, databaseUrl, ...making }) => {
  const tokens = await tokensFor(userIds, making);
  const seen = ports.map(() => new Map<string, number>());
  const streams: EventStream[] = [];
  for (const [replica, port] of ports.entries()) {
    await inParallel({ from: 0, count: userIds.length, width: wide }, async (index) => {
      const userId = userIds[index] ?? '';
      const onAccount = (version: number): void => {
        if (version === newVersion) seen[replica]?.set(userId, now());
      };
      streams.push(await EventStream.open(port, tokens[index] ?? '', onAccount));
    });
  }
  const publisher = new EventPublisher({ url: rabbitmqUrl, connectionName: 'bench-watch', log });
  await publisher.start();
  await waitFor('the broker', () => publisher.state() === 'up');
  // What their first visit announces has gone through by then.
  await delay(settleMs);
  const published = new Map<string, number>();
  const begin = performance.now();
  const sent = userIds.map(async (userId, index) => {
    await delay(begin + (index * 1000) / perSecond - performance.now());
    const account = { ...samples['billing.account.changed'], user_id: userId, version: newVersion };
    const attributes = {
      id: randomUUID(),
      source: 'subscription',
      type: 'billing.account.changed',
      time: new Date().toISOString(),
    };
    published.set(userId, now());
    await publisher.publish({ attributes, body: Buffer.from(JSON.stringify(account)) });
  });
  await Promise.all(sent);
  const isSeen = (): boolean => seen.every(({ size }) => size === userIds.length);
  await waitFor('every browser to see its change', isSeen, longestWaitMs);
  for (const stream of streams) stream.close();
  await publisher.stop();
  const stored = await storedAt(databaseUrl, userIds);
  return {
    afterCommit: seen.map((ofReplica) => since(stored, ofReplica)),
    afterPublish: seen.map((ofReplica) => since(published, ofReplica)),
  } satisfies WatchResult;
});
