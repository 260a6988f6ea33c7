import { waitFor } from '@billhook/testing';
import type pg from 'pg';
import type { Lab } from '../lab.js';
import { depthOf } from '../queues.client.js';

const drainTimeoutMs = 15 * 60_000;

/** Where PostgreSQL's clock stands. */
export async function databaseNow(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
  return rows[0]?.now ?? '';
}

/** Resolves once `count` events since then are in the subscription service's inbox. Asks the broker first: counting rows costs. */
export async function untilApplied(lab: Lab, client: pg.Client, { count, since }: Batch): Promise<void> {
  const arrived = async (): Promise<boolean> => {
    const sql = `SELECT count(*)::int AS rows FROM subscription.inbox WHERE consumer = 'subscription' AND recorded_at >= $1`;
    const { rows } = await client.query<{ rows: number }>(sql, [since]);
    return (rows[0]?.rows ?? 0) >= count;
  };
  const isEmpty = async (): Promise<boolean> => (await depthOf(lab.place.rabbitmqUrl, 'subscription.events')) === 0;
  await waitFor('the queue to be drained', async () => (await isEmpty()) && (await arrived()), drainTimeoutMs);
}

export interface Batch {
  count: number;
  /** From `databaseNow`. */
  since: string;
}

/**
 * Events a second. A row bears the moment its batch began, so the first batch's begin and the last one's begin enclose all batches
 * but the last. Throws unless every event was applied: ignoring is quicker than applying.
 */
export async function applyRate(client: pg.Client, since: string): Promise<number> {
  const { rows } = await client.query<{ rate: number; others: number }>(
    `WITH taken AS (SELECT recorded_at, outcome FROM subscription.inbox WHERE consumer = 'subscription' AND recorded_at >= $1),
          span AS (SELECT min(recorded_at) AS first, max(recorded_at) AS last FROM taken)
     SELECT (count(*) FILTER (WHERE recorded_at < span.last) / extract(epoch FROM span.last - span.first))::float8 AS rate,
            (count(*) FILTER (WHERE outcome <> 'applied'))::int AS others
     FROM taken, span GROUP BY span.first, span.last`,
    [since],
  );
  const { rate = 0, others = 0 } = rows[0] ?? {};
  if (others > 0) throw new Error(`${others} events were not applied: this is no measurement`);
  return rate;
}

/** Resolves once every outbox row is published. */
export async function untilSent(client: pg.Client): Promise<void> {
  const isSent = async (): Promise<boolean> => {
    const { rows } = await client.query('SELECT FROM subscription.outbox WHERE sent_at IS NULL LIMIT 1');
    return rows.length === 0;
  };
  await waitFor('the outbox to be sent', isSent, drainTimeoutMs);
}

/** Events a second from the first event's begin until the announcements of the last one were confirmed by the broker. */
export async function relayedRate(client: pg.Client, { count, since }: Batch): Promise<number> {
  const { rows } = await client.query<{ seconds: number }>(
    `SELECT extract(epoch FROM max(sent_at) - (SELECT min(recorded_at) FROM subscription.inbox WHERE recorded_at >= $1))::float8
       AS seconds FROM subscription.outbox WHERE created_at >= $1`,
    [since],
  );
  return count / (rows[0]?.seconds ?? Number.NaN);
}
