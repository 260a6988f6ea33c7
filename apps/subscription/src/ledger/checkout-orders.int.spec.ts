import { aStripeEvent, createTestDatabase, started } from '@billhook/testing';
import type { StripeEventBody, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkoutHistory } from '../../../../libs/billing/src/checkout-history.spec-support.js';
import { ordersOf } from '../../../../libs/billing/src/orders.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { Replica } from '../replica.spec-support.js';
import { schema } from '../schema.js';

let database: TestDatabase;
let replicas: [Replica, Replica];

beforeAll(async () => {
  database = await createTestDatabase(schema);
  replicas = [await Replica.connect(database.serviceUrl), await Replica.connect(database.serviceUrl)];
});

afterAll(async () => {
  await Promise.all(replicas?.map((replica) => replica.end()) ?? []);
  await database?.drop();
});

const idOfHistory = /"((?:cus|sub|in|pi|cs_test|user)_1)"/g;

/** The history of one customer in one second, where only lifecycle and `previous_attributes` tell what came first. */
function historyOf(suffix: string): StripeEventBody[] {
  return checkoutHistory.map(([type, object, _second, previousAttributes]) => {
    const overrides = {
      id: `evt_${type}${suffix}`,
      created: started,
      ...(previousAttributes && { previousAttributes }),
    };
    const text = JSON.stringify(aStripeEvent(type, object, overrides));
    return JSON.parse(text.replaceAll(idOfHistory, `"$1${suffix}"`));
  });
}

/** Both replicas at once, in batches of a hundred customers each. */
async function takeRound(events: readonly StripeEventBody[]): Promise<void> {
  const [left, right] = [events.slice(0, events.length / 2), events.slice(events.length / 2)];
  await Promise.all([takeAll(replicas[0], left), takeAll(replicas[1], right)]);
}

async function takeAll(replica: Replica, events: readonly StripeEventBody[]): Promise<void> {
  for (let from = 0; from < events.length; from += 100)
    await replica.take(...events.slice(from, from + 100).map(fromStripe));
}

/** What is left of each customer without what is different for each: ids, how many versions it took, what rows remember. */
async function ends(): Promise<Set<string>> {
  const rows: { user_id: string; end: unknown }[] = await replicas[0].dataSource.query(
    `SELECT user_id, json_build_array(account.body - 'version', account.newest_stripe_time,
       to_jsonb(subscription) - '{order_events,order_started_from,created_at,updated_at}'::text[],
       (SELECT json_agg(json_build_array(outcome, amount)) FROM payment WHERE payment.user_id = account.user_id),
       (SELECT json_agg(json_build_array(kind, id, body)) FROM stripe_object WHERE customer_id = subscription.customer_id)
     ) AS end FROM account LEFT JOIN subscription USING (user_id)`,
  );
  return new Set(rows.map(({ user_id, end }) => JSON.stringify(end).replaceAll(user_id.slice('user_1'.length), '')));
}

it('the seven events of a checkout within one second end the same in all of their 5,040 orders, and grant Pro once', async () => {
  const [inOrder, ...others] = [...ordersOf(checkoutHistory.map((_, place) => place))].map((order, index) => {
    const history = historyOf(`_O${index}x`);
    return order.flatMap((place) => history[place] ?? []);
  });
  if (inOrder === undefined) throw new Error('there is no first order');
  for (const event of inOrder) await replicas[0].take(fromStripe(event));
  const expected = await ends();
  for (const round of checkoutHistory.keys()) await takeRound(others.flatMap((events) => events[round] ?? []));

  expect([...expected]).toEqual([expect.stringContaining('"status":"active"')]);
  expect(await ends()).toEqual(expected);
  const told = await replicas[0].dataSource.query(
    `SELECT type, count(*)::int AS count, count(DISTINCT attributes->>'subject')::int AS users
     FROM outbox WHERE type IN ('billing.tier.changed', 'billing.payment.succeeded', 'billing.subscription.started')
     GROUP BY type ORDER BY type`,
  );
  const once = { count: 5040, users: 5040 };
  expect(told).toEqual([
    { type: 'billing.payment.succeeded', ...once },
    { type: 'billing.subscription.started', ...once },
    { type: 'billing.tier.changed', ...once },
  ]);
}, 180_000);
