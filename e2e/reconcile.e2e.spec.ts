import { infrastructureOfThisRun, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { z } from 'zod';
import { startSystem } from '../demo/src/start-system.process.js';
import type { StartedSystem } from '../demo/src/start-system.process.js';
import { StoryWorld } from '../demo/src/story-world.client.js';

const customers = 40;
const hour = 3_600;
const run = z.object({
  id: z.string(),
  state: z.string(),
  counts: z.record(z.string(), z.number()),
  drift: z.array(z.unknown()).default([]),
});

let started: StartedSystem;
let world: StoryWorld;

beforeAll(async () => {
  started = await startSystem({ infrastructure: infrastructureOfThisRun(), say: () => undefined });
  world = new StoryWorld(started.system);
}, 120_000);

afterAll(async () => {
  await started?.stop();
}, 30_000);

/** The subscription service, as ops. */
async function ask(path: string, body?: object) {
  const token = await world.tokenFor({ sub: 'olive', roles: ['ops'] });
  const response = await fetch(`${started.system.subscriptionUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return run.parse(await response.json());
}

/** Its report, once it has ended. */
async function reconcile(order: object) {
  const { id } = await ask('/v1/reconcile', order);
  return waitFor(
    'the end of the run',
    async () => {
      const report = await ask(`/v1/reconcile/${id}`);
      return (report.state === 'finished' || report.state === 'failed') && report;
    },
    120_000,
  );
}

async function subscribe(nth: number): Promise<Stripe.Subscription> {
  const metadata = { user_id: `day-${nth}` };
  const { id: customer } = await world.stripe.customers.create({ email: `day-${nth}@example.com`, metadata });
  const method = await world.stripe.paymentMethods.attach('pm_card_visa', { customer });
  return world.stripe.subscriptions.create({
    customer,
    metadata,
    items: [{ price: 'price_pro_monthly' }],
    default_payment_method: method.id,
  });
}

/** One of the things that happen in a day, a different one for each customer and hour. */
async function live({ id, items }: Stripe.Subscription, turn: number): Promise<void> {
  const item = items.data[0]?.id ?? '';
  const { subscriptions } = world.stripe;
  switch (turn % 5) {
    case 0:
      return void (await subscriptions.update(id, { cancel_at_period_end: true }));
    case 1:
      return void (await subscriptions.update(id, { cancel_at_period_end: false }));
    case 2:
      return void (await subscriptions.update(id, { items: [{ id: item, price: 'price_elite_monthly' }] }));
    case 3:
      return void (await subscriptions.update(id, { items: [{ id: item, price: 'price_pro_monthly' }] }));
    default:
      return;
  }
}

/** Each customer's day: something every few hours, and for some of them an end. */
async function playDay(): Promise<void> {
  const made = await Promise.all(Array.from({ length: customers }, (_, nth) => subscribe(nth)));
  for (let step = 0; step < 6; step += 1) {
    await Promise.all(made.map((subscription, nth) => live(subscription, nth + step)));
    await world.simulator('advance', { seconds: 4 * hour });
  }
  await Promise.all(made.filter((_, nth) => nth % 8 === 0).map(({ id }) => world.stripe.subscriptions.cancel(id)));
}

describe('a day on which one event in twenty is dropped, one in twenty doubled, and all are shuffled', () => {
  it('F61: after one reconcile nothing differs', async () => {
    await world.simulator('chaos', {
      seed: 61,
      deliveries: {
        drop: { probability: 0.05 },
        duplicate: { probability: 0.05 },
        shuffle: { events: 20, ms: 300 },
      },
    });
    await playDay();
    await fetch(`${started.system.simulatorUrl}/_simulator/chaos`, { method: 'DELETE' });
    await world.simulator('advance', { seconds: 0, wait_for_deliveries: true });
    const mended = await reconcile({ dry_run: false });
    expect(mended).toMatchObject({
      state: 'finished',
      counts: { events_missing: expect.any(Number), listed: customers },
    });
    expect(mended.counts['events_missing']).toBeGreaterThan(0);
    const after = await reconcile({ dry_run: true });
    expect(after).toMatchObject({ state: 'finished', drift: [] });
    expect(after.counts).not.toHaveProperty('events_missing');
    expect(after.counts).not.toHaveProperty('suspected');
  }, 240_000);
});
