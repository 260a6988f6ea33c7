import { waitFor } from '@billhook/testing';
import type pg from 'pg';
import { startMember, stopAll } from './crew.process.js';
import type { Member, Service } from './crew.process.js';
import type { Lab } from './lab.js';
import { deliverEvents } from './load/load.process.js';
import { purgeQueues } from './queues.client.js';

const services: Service[] = ['gateway', 'webhook-ingress', 'subscription', 'audit'];
const connections = 32;
const catchUpTimeoutMs = 15 * 60_000;
/** Counting rows costs what is being measured, so it is done rarely; when something ended is read from the rows. */
const askEveryMs = 200;
/** Since $1. The gateway announces an account when its user first comes; those are not of the feed. */
const ofStripe = `consumer = 'subscription' AND recorded_at >= $1 AND type LIKE 'stripe.%'`;

/** All four services, ready. */
export async function startSystem(lab: Lab): Promise<Member[]> {
  return Promise.all(services.map((name) => startMember(lab, name)));
}

export async function stopSystem(lab: Lab, members: readonly Member[]): Promise<void> {
  await stopAll(members);
  await purgeQueues(lab.place.rabbitmqUrl);
}

export interface Stretch {
  from: number;
  count: number;
}

/** Delivers a stretch by HTTP and waits until everybody has caught up; events a second from the first request to that end. */
export async function runThrough(lab: Lab, client: pg.Client, { from, count }: Stretch): Promise<number> {
  const before = await marksOf(client);
  const delivered = await deliverEvents(lab, { run: 'whole', from, count, connections, warmUp: 0 });
  if (delivered.errors > 0) throw new Error(`the ingress refused ${delivered.errors} of ${count} events`);
  const endedAt = await untilCaughtUp(client, before, count);
  const others = await notApplied(client, before);
  if (others > 0) throw new Error(`${others} events were not applied: this is no measurement`);
  return (count * 1000) / (endedAt - delivered.startedAt);
}

/** How far everybody was when something began. */
export interface Marks {
  since: string;
  seq: string;
}

export async function marksOf(client: pg.Client): Promise<Marks> {
  const sql = `SELECT clock_timestamp()::text AS since, coalesce(max(seq), 0)::text AS seq FROM audit.entry`;
  const { rows } = await client.query<Marks>(sql);
  const [marks] = rows;
  if (marks === undefined) throw new Error('an aggregate has a row');
  return marks;
}

/**
 * Resolves once `count` events are in the subscription service's inbox, all that it announced is sent, the trail has an entry for
 * each of both, and the gateway's read model has every account; with the moment of the last of these, in ms since 1970.
 */
export async function untilCaughtUp(client: pg.Client, { since, seq }: Marks, count: number): Promise<number> {
  const behind = `SELECT
    (SELECT count(*) FROM subscription.inbox WHERE ${ofStripe}) >= $3 AS applied,
    NOT EXISTS (SELECT FROM subscription.outbox WHERE sent_at IS NULL) AS sent,
    (SELECT max(seq) FROM audit.entry) - $2::bigint
      >= $3 + (SELECT count(*) FROM subscription.outbox WHERE created_at >= $1) AS recorded,
    (SELECT count(*) FROM gateway.inbox WHERE consumer = 'gateway' AND recorded_at >= $1)
      >= (SELECT count(*) FROM subscription.outbox WHERE created_at >= $1 AND type LIKE 'billing.account.%') AS shown`;
  let askedAt = 0;
  await waitFor(
    'everybody to have caught up',
    async () => {
      if (Date.now() - askedAt < askEveryMs) return false;
      const { rows } = await client.query<Record<string, boolean>>(behind, [since, seq, count]);
      askedAt = Date.now();
      return Object.values(rows[0] ?? {}).every(Boolean);
    },
    catchUpTimeoutMs,
  );
  const end = `SELECT extract(epoch FROM greatest(
    (SELECT max(recorded_at) FROM subscription.inbox WHERE consumer = 'subscription'),
    (SELECT max(sent_at) FROM subscription.outbox WHERE created_at >= $1),
    (SELECT max(recorded_at) FROM audit.entry),
    (SELECT max(recorded_at) FROM gateway.inbox WHERE consumer = 'gateway')))::float8 * 1000 AS at`;
  const { rows } = await client.query<{ at: number }>(end, [since]);
  return rows[0]?.at ?? Number.NaN;
}

/** How many events of the feed since then were ignored or parked: quicker than applying them. */
export async function notApplied(client: pg.Client, { since }: Marks): Promise<number> {
  const { rows } = await client.query<{ others: number }>(
    `SELECT count(*)::int AS others FROM subscription.inbox WHERE ${ofStripe} AND outcome <> 'applied'`,
    [since],
  );
  return rows[0]?.others ?? 0;
}
