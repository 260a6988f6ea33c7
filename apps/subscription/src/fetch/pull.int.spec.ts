import type { EventData } from '@billhook/contracts';
import { aCheckoutSession, started, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromGateway, linked } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;

beforeAll(async () => {
  world = await World.create();
  await world.start();
});

afterAll(async () => {
  await world?.end();
});

/** Publishes the request and answers what became of it. */
async function pull(data: EventData<'billing.reconcile.requested'>): Promise<string[]> {
  const event = fromGateway({ type: 'billing.reconcile.requested', data });
  await world.publish(event);
  return world.outcomesOf(event.attributes.id);
}

const allAnswered = () =>
  waitFor('all answers', async () => {
    const left = await world.query('SELECT FROM pending_pull UNION ALL SELECT FROM pending_fetch');
    return left.length === 0;
  });

function atStripe(name: string): CustomerStory {
  const story = new CustomerStory(name);
  world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
  return story;
}

describe('a pull', () => {
  it('of a session whose events have not come brings its subscription and the tier', async () => {
    const story = atStripe('paid');
    const { customerId: customer, subscriptionId: subscription } = story;
    world.stripe.sessions.set('cs_paid', aCheckoutSession({ id: 'cs_paid', customer, subscription }));
    expect(await pull({ session_id: 'cs_paid', user_id: story.userId })).toEqual(['ignored fetching: pull']);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
    await allAnswered();
  });

  it('of a session that nobody has paid, or that Stripe does not know, ends without a word', async () => {
    world.stripe.sessions.set('cs_open', aCheckoutSession({ id: 'cs_open', subscription: null }));
    await pull({ session_id: 'cs_open' });
    await pull({ session_id: 'cs_unknown' });
    await allAnswered();
    expect(world.stripe.requests.filter(({ url }) => url.includes('cs_unknown'))).toHaveLength(1);
  });

  it('of a subscription asks about that one', async () => {
    const story = atStripe('named');
    await pull({ subscription_id: story.subscriptionId });
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
  });

  it('of a user asks about the subscriptions of all of their customers', async () => {
    const [first, second] = [atStripe('user1'), atStripe('user2')];
    await world.publish(linked('user-both', first.customerId), linked('user-both', second.customerId));
    await waitFor('the links', async () => {
      const rows = await world.query(`SELECT FROM customer WHERE user_id = 'user-both'`);
      return rows.length === 2;
    });
    await pull({ user_id: 'user-both' });
    await waitFor('both', async () => {
      const rows = await world.query(`SELECT FROM subscription WHERE user_id = 'user-both'`);
      return rows.length === 2;
    });
    expect(await world.accountOf('user-both')).toMatchObject({ tier: 1 });
  });

  const looked = (userId: string) =>
    waitFor('a look for customers', async () => {
      const rows = await world.query('SELECT FROM pending_pull WHERE id = $1 AND last_error IS NOT NULL', [userId]);
      return rows.length === 1;
    });

  it('of a user whose customer is announced only after Stripe could have been asked is not lost', async () => {
    const story = atStripe('overtaken');
    await pull({ user_id: 'user-overtaken' });
    await looked('user-overtaken');
    await world.publish(linked('user-overtaken', story.customerId));
    await waitFor('the tier', async () => (await world.accountOf('user-overtaken'))?.tier === 1, 15_000);
    await allAnswered();
  });

  it('of a user that nobody knows asks nobody, and ends after some looks', async () => {
    const before = world.stripe.requests.length;
    await pull({ user_id: 'user-unheard-of' });
    await looked('user-unheard-of');
    await world.query(`UPDATE pending_pull SET attempts = 100, due_at = now() WHERE id = 'user-unheard-of'`);
    await allAnswered();
    expect(world.stripe.requests).toHaveLength(before);
  });

  it('is older than every event that comes after it, however far ahead the clock of whoever asked', async () => {
    const story = atStripe('clock');
    world.stripe.clock = new Date((started + 10) * 1_000);
    const data = { subscription_id: story.subscriptionId };
    const event = fromGateway({ type: 'billing.reconcile.requested', data }, new Date((started + 86_400) * 1_000));
    await world.publish(event);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
    world.stripe.clock = null;
    const elite = story.onPrice('price_elite_monthly');
    const change = story.updated(20, elite, { items: story.subscription().items });
    await world.publish(change);
    expect(await world.outcomesOf(change.id)).toEqual(['applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2 });
  });

  it('waits while Stripe is not well', async () => {
    const story = atStripe('unwell');
    const { customerId: customer, subscriptionId: subscription } = story;
    world.stripe.sessions.set('cs_unwell', aCheckoutSession({ id: 'cs_unwell', customer, subscription }));
    world.stripe.failures = 2; // the SDK asks twice
    await pull({ session_id: 'cs_unwell' });
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1, 15_000);
  });

  it('of what belongs to nobody yet waits for its customer to be linked', async () => {
    const story = new CustomerStory('later', {});
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const event = fromGateway({ type: 'billing.reconcile.requested', data: { subscription_id: story.subscriptionId } });
    await world.publish(event);
    await waitFor('it to be parked', async () => {
      const [row] = await world.query<{ outcome: string }>('SELECT outcome FROM inbox WHERE event_id = $1', [
        event.attributes.id,
      ]);
      return row?.outcome === 'parked';
    });
    await world.publish(linked(story.userId, story.customerId));
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
  });
});
