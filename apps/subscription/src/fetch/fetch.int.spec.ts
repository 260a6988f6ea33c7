import { started, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';

let world: World;

beforeAll(async () => {
  world = await World.create();
  await world.start();
});

afterAll(async () => {
  await world?.end();
});

/** A change and its undoing within one second: only Stripe can tell which came last. */
async function publishCircle(story: CustomerStory): Promise<string[]> {
  const [plain, ending] = [story.subscription(), story.subscription({ cancel_at_period_end: true })];
  const events = [
    story.created(),
    story.updated(5, ending, { cancel_at_period_end: false }),
    story.updated(5, plain, { cancel_at_period_end: true }),
  ];
  await world.publish(...events);
  return world.outcomesOf(...events.map(({ id }) => id));
}

const allFetched = () =>
  waitFor('the fetch', async () => (await world.query('SELECT FROM pending_fetch')).length === 0);

async function orderOf(story: CustomerStory) {
  const rows = await world.query<{ order_kind: string; order_at: Date }>(
    'SELECT order_kind, order_at FROM subscription WHERE subscription_id = $1',
    [story.subscriptionId],
  );
  return rows[0];
}

describe('what the events leave unclear', () => {
  it('is asked of Stripe, whose answer decides and ranks by the time of its answer', async () => {
    const story = new CustomerStory('circle');
    world.stripe.clock = new Date((started + 3600) * 1000);
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly'));
    expect(await publishCircle(story)).toEqual(['applied', 'applied', 'ignored fetching: circle_in_one_second']);
    await allFetched();
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2, subscription: { will_renew: true } });
    expect(await orderOf(story)).toEqual({ order_kind: 'fetched', order_at: world.stripe.clock });
    expect(await world.told('billing.subscription.changed', story.userId)).toMatchObject([
      { reason: 'customer.subscription.updated' },
      { reason: 'fetched' },
    ]);
  });

  it('is settled even when the clock of the answer runs behind the events', async () => {
    const story = new CustomerStory('behind');
    world.stripe.clock = new Date((started - 3600) * 1000);
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    await publishCircle(story);
    await allFetched();
    expect(await world.accountOf(story.userId)).toMatchObject({
      tier: 1,
      subscription: { cancel_at_period_end: false },
    });
    expect(await orderOf(story)).toEqual({ order_kind: 'fetched', order_at: new Date((started + 5) * 1000) });
  });

  it('takes nothing from the events that follow where the customer lives by a test clock behind the real time', async () => {
    const story = new CustomerStory('clock');
    world.stripe.clock = new Date((started + 400 * 86_400) * 1000);
    const plain = story.subscription({ test_clock: 'clock_behind' });
    world.stripe.subscriptions.set(story.subscriptionId, plain);
    await publishCircle(story);
    await allFetched();
    expect(await orderOf(story)).toEqual({ order_kind: 'fetched', order_at: new Date((started + 5) * 1000) });

    const elite = story.onPrice('price_elite_monthly', { test_clock: 'clock_behind' });
    const change = story.updated(6, elite, { items: plain.items });
    await world.publish(change);
    expect(await world.outcomesOf(change.id)).toEqual(['applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2 });
  });

  it('waits, and is asked again, while Stripe is not well', async () => {
    const story = new CustomerStory('unwell');
    world.stripe.clock = null;
    world.stripe.failures = 3;
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    await publishCircle(story);
    await waitFor('a note of the failure', async () => {
      const rows = await world.query<{ last_error: string | null }>('SELECT last_error FROM pending_fetch');
      return rows[0]?.last_error === 'stripe_unavailable';
    });
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    await waitFor('the fetch', async () => (await world.query('SELECT FROM pending_fetch')).length === 0, 20_000);
    expect(await world.accountOf(story.userId)).toMatchObject({ subscription: { cancel_at_period_end: false } });
  });

  it('is asked by one of two replicas', async () => {
    const replica = await world.start();
    const story = new CustomerStory('shared');
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    await publishCircle(story);
    await allFetched();
    expect(world.stripe.asked.filter((id) => id === story.subscriptionId)).toHaveLength(1);
    await world.stop(replica);
  });

  it('is asked although the answer about another one does not come', async () => {
    const [slow, quick] = [new CustomerStory('slow'), new CustomerStory('quick')];
    world.stripe.silent.add(slow.subscriptionId);
    for (const story of [slow, quick]) world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    await publishCircle(slow);
    await waitFor('the slow question', () => world.stripe.asked.includes(slow.subscriptionId));
    await publishCircle(quick);
    await waitFor('the quick answer', async () => (await orderOf(quick))?.order_kind === 'fetched');
    expect((await orderOf(slow))?.order_kind).toBe('updated');
    world.stripe.silent.clear();
    await waitFor('both', async () => (await world.query('SELECT FROM pending_fetch')).length === 0, 20_000);
  });

  it('F54: is asked again after a 429, by itself and at no more than the budget', async () => {
    const stories = Array.from({ length: 12 }, (_, index) => new CustomerStory(`storm${index}`));
    for (const story of stories) world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    world.stripe.refusals = 3;
    const before = world.stripe.requests.length;
    await Promise.all(stories.map(publishCircle));
    await waitFor('all answers', async () => (await world.query('SELECT FROM pending_fetch')).length === 0, 25_000);
    const times = world.stripe.requests.slice(before).map(({ at }) => at);
    expect(times.length).toBeGreaterThanOrEqual(stories.length + 3);
    expect(
      await world.query(`SELECT FROM subscription WHERE order_kind = 'fetched' AND subscription_id LIKE 'sub_storm%'`),
    ).toHaveLength(12);
    // As they came in here, which bunches some that left evenly.
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
    expect(busiest).toBeLessThanOrEqual(22);
  });

  it('is asked no more about a subscription that neither Stripe nor anybody here knows', async () => {
    const nobody = new CustomerStory('nobody');
    await world.publish(thinEvent(nobody, { id: 'evt_thin_nobody' }));
    await world.outcomesOf('evt_thin_nobody');
    await waitFor('the question', () => world.stripe.asked.includes(nobody.subscriptionId));
    await allFetched();
  });
});
