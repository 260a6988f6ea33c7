import { waitFor } from '@billhook/testing';
import { canary } from './history.js';
import type { History } from './history.js';
import { owners } from './fault-system.spec-support.js';
import type { FaultSystem } from './fault-system.spec-support.js';

/** What a system is held against once it has come to rest. */
export interface Expected {
  histories: readonly History[];
  /** Ids that were answered 2xx, poison included. */
  accepted: ReadonlySet<string>;
  /** Ids of accepted events that can never be applied, with their exact bytes. */
  poison?: ReadonlyMap<string, Buffer>;
}

/** Several times what a restart of the slowest process takes here. */
const restTimeoutMs = 90_000;

/**
 * Waits until nothing is under way any more: all accepted events recorded, nothing to publish, to fetch or to follow. Resolves
 * with what was waited for last, in words.
 */
export async function comeToRest(
  system: FaultSystem,
  { accepted }: Expected,
  timeoutMs = restTimeoutMs,
): Promise<string> {
  let missing = '';
  let last = 'nothing';
  const isAtRest = async (): Promise<boolean> => {
    missing = (await restless(system, [...accepted])).join('; ');
    if (missing !== '') last = missing;
    return missing === '';
  };
  await waitFor('the system to come to rest', isAtRest, timeoutMs).catch((error: unknown) => {
    throw new Error(`not at rest: ${missing}`, { cause: error });
  });
  return last;
}

async function restless(system: FaultSystem, accepted: string[]): Promise<string[]> {
  const [row] = await system.query<Record<string, string>>(
    `SELECT
       (SELECT count(*) FROM unnest($1::text[]) AS a (id)
          WHERE NOT EXISTS (SELECT FROM subscription.inbox i WHERE i.event_id = a.id)) AS "not in the inbox",
       (SELECT count(*) FROM unnest($1::text[]) AS a (id)
          WHERE NOT EXISTS (SELECT FROM audit.entry_id e WHERE e.event_id = a.id)) AS "not in the trail",
       (SELECT count(*) FROM subscription.outbox WHERE sent_at IS NULL) AS "not sent by subscription",
       (SELECT count(*) FROM subscription.parked_event WHERE retry_at IS NOT NULL) AS "to be tried again by subscription",
       (SELECT count(*) FROM gateway.parked_event WHERE retry_at IS NOT NULL) AS "to be tried again by gateway",
       (SELECT count(*) FROM audit.parked_event WHERE retry_at IS NOT NULL) AS "to be tried again by audit",
       (SELECT count(*) FROM gateway.outbox WHERE sent_at IS NULL) AS "not sent by gateway",
       (SELECT count(*) FROM subscription.pending_fetch) AS "not fetched",
       (SELECT count(*) FROM subscription.outbox o
          WHERE NOT EXISTS (SELECT FROM audit.entry_id e WHERE e.event_id = o.event_id::text)) AS "announced, not in the trail",
       (SELECT count(*) FROM subscription.outbox o WHERE o.type = 'billing.account.changed'
          AND NOT EXISTS (SELECT FROM gateway.inbox i WHERE i.event_id = o.event_id::text)) AS "announced, not at the gateway"`,
    [accepted],
  );
  return Object.entries(row ?? {}).flatMap(([what, count]) => (Number(count) > 0 ? [`${count} ${what}`] : []));
}

/** Everything that is wrong, in words; nothing when all promises hold. */
export async function violations(system: FaultSystem, expected: Expected): Promise<string[]> {
  const found = await Promise.all([
    conservation(system, expected),
    truth(system, expected),
    noFlap(system, expected),
    chain(system),
    queues(system, expected),
    readModel(system),
    resources(system),
  ]);
  return [...found.flat(), ...hygiene(system)];
}

/** O1: what was answered 2xx has one effect everywhere. (That an id is in the inbox and the trail once, their keys see to.) */
async function conservation(system: FaultSystem, { accepted, histories }: Expected): Promise<string[]> {
  const ids = [...accepted];
  const raw = await system.query<{ event_id: string; n: string }>(
    `SELECT a.id AS event_id, count(r.event_id) AS n FROM unnest($1::text[]) AS a (id)
     LEFT JOIN subscription.raw_event r ON r.event_id = a.id GROUP BY a.id HAVING count(r.event_id) <> 1`,
    [ids],
  );
  const twice = await system.query<{ event_id: string; type: string }>(
    'SELECT event_id::text, type FROM subscription.outbox GROUP BY event_id, type HAVING count(*) > 1',
  );
  const told = histories.flatMap(({ events }) => events.filter(({ id }) => !accepted.has(id)).map(({ id }) => id));
  return [
    ...raw.map(({ event_id, n }) => `O1: ${event_id} is kept ${n} times`),
    ...twice.map(({ event_id, type }) => `O1: ${type} ${event_id} stands twice in the outbox`),
    ...told.map((id) => `O1: ${id} was never accepted`),
    ...(await payments(system, histories)),
  ];
}

async function payments(system: FaultSystem, histories: readonly History[]): Promise<string[]> {
  const rows = await system.query<{ user_id: string; payment: string }>(
    `SELECT user_id, invoice_id || ' ' || outcome || CASE WHEN outcome = 'failed' THEN ' ' || attempt ELSE '' END AS payment
     FROM subscription.payment WHERE user_id = ANY($1)`,
    [histories.map(({ userId }) => userId)],
  );
  const announced = await system.query<{ user_id: string; n: string }>(
    `SELECT convert_from(body, 'UTF8')::json->>'user_id' AS user_id, count(*) AS n FROM subscription.outbox
     WHERE type IN ('billing.payment.succeeded', 'billing.payment.failed') GROUP BY 1`,
  );
  return histories.flatMap(({ userId, payments: made, seed }) => {
    const found = rows.filter((row) => row.user_id === userId).map((row) => row.payment);
    const told = Number(announced.find((row) => row.user_id === userId)?.n ?? 0);
    const asMade = found.toSorted().join() === made.toSorted().join();
    return [
      ...(asMade ? [] : [`O1: ${userId} (seed ${seed}) made ${made.join()}, recorded are ${found.join()}`]),
      ...(told === made.length ? [] : [`O1: ${userId} (seed ${seed}) made ${made.length} payments, ${told} were told`]),
    ];
  });
}

interface AccountRow {
  user_id: string;
  status: string;
  price: string;
  period_end: string;
  cancel: boolean;
  tier: number;
  version: number;
}

/** O2: each row is what Stripe holds to be true. */
async function truth(system: FaultSystem, { histories }: Expected): Promise<string[]> {
  const rows = await system.query<AccountRow>(
    `SELECT a.user_id, s.status, s.price_id AS price, extract(epoch FROM s.current_period_end)::bigint::text AS period_end,
            s.cancel_at_period_end AS cancel, a.tier, a.version
     FROM subscription.account a JOIN subscription.subscription s USING (user_id) WHERE a.user_id = ANY($1)`,
    [histories.map(({ userId }) => userId)],
  );
  const byUser = new Map(rows.map((row) => [row.user_id, row]));
  return histories.flatMap(({ userId, truth: is, seed }) => {
    const row = byUser.get(userId);
    const wanted = [is.status, is.price, String(is.periodEnd), is.cancelAtPeriodEnd, is.tier].join(' ');
    const got = row && [row.status, row.price, row.period_end, row.cancel, row.tier].join(' ');
    return got === wanted ? [] : [`O2: ${userId} (seed ${seed}) is ${wanted}, we hold ${got ?? 'nothing'}`];
  });
}

/** O3: the tiers that were announced, in the order of their versions, are among those that were ever justified, in order. */
async function noFlap(system: FaultSystem, { histories }: Expected): Promise<string[]> {
  const rows = await system.query<{ user_id: string; tier: number; version: number }>(
    `SELECT body->>'user_id' AS user_id, (body->>'tier')::int AS tier, (body->>'version')::int AS version
     FROM (SELECT convert_from(body, 'UTF8')::json AS body FROM subscription.outbox WHERE type = 'billing.account.changed')
     AS announced ORDER BY version`,
  );
  return histories.flatMap(({ userId, tiers, seed }) => {
    const own = rows.filter((row) => row.user_id === userId);
    const versions = own.map(({ version }) => version);
    const found: string[] = [];
    if (versions.some((version, index) => version !== index + 1))
      found.push(`O1: ${userId} (seed ${seed}) has versions ${versions.join()}`);
    const announced = own.map(({ tier }) => tier).filter((tier, index, all) => index === 0 || tier !== all[index - 1]);
    if (!isSubsequence(announced, tiers))
      found.push(`O3: ${userId} (seed ${seed}) was told tiers ${announced.join()}, justified were ${tiers.join()}`);
    return found;
  });
}

/** A tier may be passed over, never come back to without a reason. */
export function isSubsequence(part: readonly number[], whole: readonly number[]): boolean {
  let place = 0;
  for (const each of part) {
    while (place < whole.length && whole[place] !== each) place += 1;
    if (place === whole.length) return false;
  }
  return true;
}

/** O4: the chain verifies, from the first entry to the last. */
async function chain(system: FaultSystem): Promise<string[]> {
  const [audit] = system.replicasOf('audit');
  if (audit === undefined) return ['O4: no audit process is running'];
  const headers = { authorization: `Bearer ${await system.opsToken()}` };
  const response = await fetch(`${audit.url}/v1/chain/verify`, { headers });
  const verdict = await response.text();
  return verdict.includes('"ok":true') ? [] : [`O4: the chain does not verify: ${verdict}`];
}

/** O5: nothing waits in a queue, no dead letters, and exactly the poison is parked, byte for byte. */
async function queues(system: FaultSystem, { poison = new Map<string, Buffer>() }: Expected): Promise<string[]> {
  const parked = await system.query<{ event_id: string; body: Buffer; reason: string }>(
    ['subscription', 'gateway', 'audit']
      .map((schema) => `SELECT event_id, body, reason FROM ${schema}.parked_event`)
      .join(' UNION ALL '),
  );
  const strangers = parked.filter(({ event_id }) => !poison.has(event_id));
  const differing = [...poison].filter(
    ([id, bytes]) => !parked.some((each) => each.event_id === id && each.body.equals(bytes)),
  );
  const full: string[] = [];
  await waitFor(
    'the queues to be empty',
    async () => {
      const all = await system.broker('queues');
      full.splice(0, full.length, ...all.filter(({ messages }) => messages !== 0).map(({ name }) => String(name)));
      return all.length > 0 && full.length === 0;
    },
    15_000,
  ).catch(() => undefined);
  return [
    ...strangers.map(({ event_id, reason }) => `O5: ${event_id} is parked: ${reason}`),
    ...differing.map(([id]) => `O5: poison ${id} is not parked as it came`),
    ...full.map((name) => `O5: ${name} is not empty`),
  ];
}

/** Each announcement had one effect in the gateway's read model, and the newest is what it holds. */
async function readModel(system: FaultSystem): Promise<string[]> {
  const rows = await system.query<{ user_id: string; ours: number; theirs: number | null }>(
    `SELECT a.user_id, a.version AS ours, g.version::int AS theirs
     FROM subscription.account a LEFT JOIN gateway.account g USING (user_id)
     WHERE a.version > 0 AND (g.version IS DISTINCT FROM a.version OR g.body IS DISTINCT FROM a.body)`,
  );
  return rows.map(({ user_id, ours, theirs }) => `O2: ${user_id} is at version ${ours}, the gateway at ${theirs ?? 0}`);
}

/** O7: nobody's secret and nobody's address is in a log. */
function hygiene(system: FaultSystem): string[] {
  const logs = system.logs();
  const passwords = owners.map((owner) => new URL(system.place.databaseUrls[owner]).password);
  const broker = new URL(system.place.rabbitmqUrl).password;
  const secrets = [canary, system.webhookSecret, ...passwords, broker];
  return secrets.filter((secret) => logs.includes(secret)).map((secret) => `O7: ${secret} stands in a log`);
}

const poolBound = 10;
const connectionsBesidesThePool = 3;

/** O8: no connection is left behind by those that died, and none is opened beyond the pools. */
async function resources(system: FaultSystem): Promise<string[]> {
  const found: string[] = [];
  for (const owner of owners) {
    const role = new URL(system.place.databaseUrls[owner]).username;
    const bound = system.replicasOf(owner).length * (poolBound + connectionsBesidesThePool);
    const count = await system.countOf('pg_stat_activity WHERE usename = $1', [role]);
    if (count > bound)
      found.push(`O8: ${owner} holds ${count} connections to PostgreSQL, at most ${bound} are expected`);
  }
  const bound = [...system.replicas.values()].length * 2;
  const count = (await system.broker('connections')).length;
  if (count > bound) found.push(`O8: ${count} connections to RabbitMQ, at most ${bound} are expected`);
  return found;
}
