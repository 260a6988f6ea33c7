import {
  anInvoice,
  aPrice,
  aSubscriptionItem,
  started,
  startCableProxy,
  subscriptionParent,
  waitFor,
} from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RunningService } from '@billhook/runtime';
import type Stripe from 'stripe';
import { CustomerStory } from '../customer-story.spec-support.js';
import { World } from '../running-service.spec-support.js';

const hour = 3_600;
const day = 24 * hour;
/** Ahead of every clock that this may run by, as a test clock of Stripe's is: what happens there happens by that clock alone. */
const ahead = Math.ceil(Date.now() / 1000) - started + 400 * day;

const at = (second: number) => new Date((started + second) * 1000).toISOString();

function periodUntil(second: number, priceId = 'price_pro_monthly'): Pick<Stripe.Subscription, 'items'> {
  const price = aPrice({ id: priceId });
  const item = aSubscriptionItem({ price, current_period_start: started, current_period_end: started + second });
  return { items: { object: 'list', data: [item], has_more: false, url: '' } };
}

/** Something that changes no subscription and no tier, but says how late it is. */
function tick(story: CustomerStory, second: number): StripeEventBody {
  const { name, customerId: customer, subscriptionId, userId: user_id } = story;
  const parent = subscriptionParent(subscriptionId, { user_id });
  const invoice = anInvoice({ id: `in_${name}_${second}`, customer, parent });
  return story.event('invoice.payment_failed', invoice, second);
}

/** Past due since its second `ahead`, and so in grace for fourteen days. */
function pastDue(story: CustomerStory): { events: StripeEventBody[]; subscription: Stripe.Subscription } {
  const subscription = story.subscription({ status: 'past_due', ...periodUntil(ahead + 60 * day) });
  const events = [
    story.created(0, story.subscription(periodUntil(ahead + 60 * day))),
    story.updated(ahead, subscription, { status: 'active' }),
  ];
  return { events, subscription };
}

const afterGrace = ahead + 14 * day + 60;

let world: World;

async function publishAll(events: StripeEventBody[]): Promise<void> {
  await world.publish(...events);
  await world.outcomesOf(...events.map(({ id }) => id));
}

const isAsked = (story: CustomerStory) => world.stripe.asked.includes(story.subscriptionId);
const tierBecomes = (story: CustomerStory, tier: number) =>
  waitFor(`tier ${tier}`, async () => (await world.accountOf(story.userId))?.tier === tier);

async function lookOf(story: CustomerStory) {
  const rows = await world.query<{ at: Date | null; reason: string | null; due: Date | null; asked: number }>(
    `SELECT next_look_at AS at, look_reason AS reason, look_due_at AS due, looks_asked AS asked
     FROM subscription WHERE subscription_id = $1`,
    [story.subscriptionId],
  );
  const [look] = rows;
  if (look === undefined) throw new Error('there is no such subscription');
  return look;
}

describe('a moment that no event tells of', () => {
  beforeAll(async () => {
    world = await World.create();
    await world.start();
  });
  afterAll(async () => {
    await world?.end();
  });

  test.each<[string, Partial<Stripe.Subscription>]>([
    ['period_end', periodUntil(ahead + hour)],
    ['trial_end', { status: 'trialing', trial_end: started + ahead + hour, ...periodUntil(ahead + 3 * hour) }],
    ['cancel_at', { cancel_at: started + ahead + hour, ...periodUntil(ahead + 3 * hour) }],
    [
      'resumes_at',
      {
        pause_collection: { behavior: 'keep_as_draft', resumes_at: started + ahead + hour },
        ...periodUntil(ahead + 3 * hour),
      },
    ],
    ['first_payment_end', { status: 'incomplete', created: started + ahead - 22 * hour }],
  ])('has Stripe asked: %s', async (reason, overrides) => {
    const story = new CustomerStory(reason.replaceAll('_', ''));
    world.stripe.subscriptions.set(
      story.subscriptionId,
      story.subscription(periodUntil(ahead + 30 * day, 'price_elite_monthly')),
    );
    await publishAll([story.created(ahead, story.subscription(overrides))]);
    expect(await lookOf(story)).toMatchObject({ reason, asked: 0 });
    expect(isAsked(story)).toBe(false);

    await publishAll([tick(story, ahead + 2 * hour)]);
    await tierBecomes(story, 2);
    const [change] = (await world.told('billing.tier.changed', story.userId)).slice(-1);
    expect(change).toMatchObject({ to: 2, reasons: [{ code: 'subscription_active' }] });
    const told = world.tapped.filter(({ attributes }) => attributes['subject'] === story.userId);
    expect(told.at(-1)?.attributes['causeid']).toMatch(new RegExp(`^timer:${story.subscriptionId}:${reason}:`));
    expect(await lookOf(story)).toMatchObject({ reason: 'period_end', asked: 0 });
  });

  it('has Stripe asked: grace_end, and the tier ends by its answer and the clock, with the reason', async () => {
    const story = new CustomerStory('grace');
    const { events, subscription } = pastDue(story);
    world.stripe.subscriptions.set(story.subscriptionId, subscription);
    await publishAll(events);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });

    await publishAll([tick(story, afterGrace)]);
    await tierBecomes(story, 0);
    expect((await world.told('billing.tier.changed', story.userId)).at(-1)).toMatchObject({
      from: 1,
      to: 0,
      reasons: [{ code: 'past_due_grace_over' }],
      at: at(afterGrace),
    });
    expect(await lookOf(story)).toMatchObject({ reason: 'period_end', asked: 0 });
  });

  it('is asked about once, and later again, where the answer is that nothing has happened', async () => {
    const story = new CustomerStory('unchanged');
    const subscription = story.subscription(periodUntil(ahead + hour));
    world.stripe.subscriptions.set(story.subscriptionId, subscription);
    await publishAll([story.created(ahead, subscription), tick(story, ahead + 2 * hour)]);
    // Fifty minutes after its moment, and so fifty minutes later again.
    const later = new Date(at(ahead + 2 * hour + 50 * 60));
    await waitFor('the answer', async () => (await lookOf(story)).at?.getTime() === later.getTime());
    expect(await lookOf(story)).toEqual({ at: later, reason: 'period_end', due: later, asked: 0 });
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1, version: 1 });

    await publishAll([tick(story, ahead + 4 * hour)]);
    await waitFor(
      'a second question',
      () => world.stripe.asked.filter((id) => id === story.subscriptionId).length === 2,
    );
  });

  it('is nothing to ask about once the subscription has ended', async () => {
    const story = new CustomerStory('ended');
    await publishAll([story.created(ahead), story.deleted(ahead + 1), tick(story, ahead + 60 * day)]);
    expect(await lookOf(story)).toEqual({ at: null, reason: null, due: null, asked: 0 });
  });

  it('of what was saved before looks were is worked out by the first scan', async () => {
    const story = new CustomerStory('old');
    await publishAll([story.created(ahead, story.subscription(periodUntil(ahead + hour)))]);
    await world.query(
      `UPDATE subscription SET next_look_at = NULL, look_reason = NULL, look_due_at = DEFAULT WHERE subscription_id = $1`,
      [story.subscriptionId],
    );
    const moment = new Date(at(ahead + hour + 600));
    await waitFor('the scan', async () => (await lookOf(story)).at?.getTime() === moment.getTime());
    expect(await lookOf(story)).toEqual({ at: moment, reason: 'period_end', due: moment, asked: 0 });
    expect(isAsked(story)).toBe(false);
  });
});

describe('a grace that ends', () => {
  let service: RunningService;

  beforeEach(async () => {
    world = await World.create();
    service = await world.start();
  });
  afterEach(async () => {
    await world?.end();
  });

  it('while Stripe is down keeps the tier until Stripe answers, over a restart', async () => {
    const story = new CustomerStory('down');
    const { events, subscription } = pastDue(story);
    world.stripe.failures = Number.POSITIVE_INFINITY;
    await publishAll([...events, tick(story, afterGrace)]);
    await waitFor('a note of the failure', async () => {
      const rows = await world.query<{ last_error: string | null }>('SELECT last_error FROM pending_fetch');
      return rows[0]?.last_error === 'stripe_unavailable';
    });
    await world.stop(service);
    await world.start();
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });

    world.stripe.failures = 0;
    world.stripe.subscriptions.set(story.subscriptionId, subscription);
    await waitFor('the answer', async () => (await world.accountOf(story.userId))?.tier === 0, 20_000);
    expect(await world.told('billing.tier.changed', story.userId)).toHaveLength(2);
  });

  it('before two replicas is asked about, and announced, once for each customer', async () => {
    await world.start();
    const stories = Array.from({ length: 20 }, (_, index) => new CustomerStory(`pair${index}`));
    for (const story of stories) {
      const { events, subscription } = pastDue(story);
      world.stripe.subscriptions.set(story.subscriptionId, subscription);
      await world.publish(...events, tick(story, afterGrace));
    }
    await Promise.all(stories.map((story) => tierBecomes(story, 0)));
    expect(world.stripe.asked.toSorted()).toEqual(stories.map(({ subscriptionId }) => subscriptionId).toSorted());
    for (const story of stories) {
      expect(await world.told('billing.tier.changed', story.userId)).toMatchObject([{ to: 1 }, { to: 0 }]);
    }
  });
});

it('a process that dies between question and answer leaves the question to the next', async () => {
  world = await World.create();
  const asked = Promise.withResolvers<void>();
  const silent = createServer((request) => {
    if (request.url?.startsWith('/v1/subscriptions/')) asked.resolve();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('the silent Stripe has no port');
  const cable = await startCableProxy(world.databaseUrl);
  try {
    const dying = await world.start({ DATABASE_URL: cable.url, STRIPE_API_BASE: `http://127.0.0.1:${address.port}` });
    const story = new CustomerStory('dying');
    const { events, subscription } = pastDue(story);
    world.stripe.subscriptions.set(story.subscriptionId, subscription);
    await publishAll([...events, tick(story, afterGrace)]);
    await asked.promise;
    cable.cut();
    cable.mute();
    await world.stop(dying);
    expect(await world.query('SELECT attempts, last_error FROM pending_fetch')).toEqual([
      { attempts: 1, last_error: null },
    ]);

    await world.query('UPDATE pending_fetch SET due_at = now()');
    await world.start();
    await tierBecomes(story, 0);
    expect(await world.told('billing.tier.changed', story.userId)).toMatchObject([{ to: 1 }, { to: 0 }]);
  } finally {
    await world.end();
    await cable.close();
    silent.closeAllConnections();
    silent.close();
  }
});
