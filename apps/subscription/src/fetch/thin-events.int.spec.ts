import { started, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { linked } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';

let world: World;

beforeAll(async () => {
  world = await World.create();
  await Promise.all([world.start(), world.start()]);
});

afterAll(async () => {
  await world?.end();
});

beforeEach(() => {
  world.stripe.clock = new Date((started + 60) * 1000);
});

const asked = 'ignored fetching: thin_event';
const startedType = 'billing.subscription.started';
const allFetched = () =>
  waitFor('the fetch', async () => (await world.query('SELECT FROM pending_fetch')).length === 0);
const fetchesOf = (story: CustomerStory) => world.stripe.asked.filter((id) => id === story.subscriptionId).length;

describe('a thin event about a subscription (F20)', () => {
  it('has Stripe asked, and the answer grants, though no snapshot has been seen', async () => {
    const story = new CustomerStory('thin');
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly'));
    const thin = thinEvent(story, { id: 'evt_thin_1' });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual([asked]);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 2);
    await allFetched();
    expect(await world.told(startedType, story.userId)).toMatchObject([{ reason: 'fetched', before: null }]);
  });

  it('is no news when its snapshot came first: nobody asks', async () => {
    const story = new CustomerStory('second');
    const snapshot = story.created();
    await world.publish(snapshot);
    await world.outcomesOf(snapshot.id);
    const thin = thinEvent(story, { id: 'evt_second_thin', snapshot: snapshot.id });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual(['ignored snapshot_already_seen']);
    expect(fetchesOf(story)).toBe(0);
  });

  it('has Stripe asked although its snapshot came first, where that one could not be read', async () => {
    const story = new CustomerStory('mended');
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const snapshot = story.event('customer.subscription.created', { ...story.subscription(), items: null }, 0);
    await world.publish(snapshot);
    expect(await world.outcomesOf(snapshot.id)).toEqual(['parked unreadable: data.object.items']);
    const thin = thinEvent(story, { id: 'evt_mended_thin', snapshot: snapshot.id });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual([asked]);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
  });

  it('leaves its snapshot, when that comes later, nothing to do', async () => {
    const story = new CustomerStory('first');
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const snapshot = story.created();
    const thin = thinEvent(story, { id: 'evt_first_thin', snapshot: snapshot.id });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual([asked]);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
    await world.publish(snapshot);
    expect(await world.outcomesOf(snapshot.id)).toEqual(['ignored newer_state_known']);
    expect(await world.told(startedType, story.userId)).toHaveLength(1);
    expect(await world.told('billing.account.changed', story.userId)).toMatchObject([{ version: 1, tier: 1 }]);
  });

  it('that comes with its snapshot, many times at once on two replicas, has one effect', async () => {
    const stories = Array.from({ length: 10 }, (_, index) => new CustomerStory(`both${index}`));
    for (const story of stories) world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const pairs = stories.map((story) => {
      const snapshot = story.created();
      return [snapshot, thinEvent(story, { id: `evt_${story.name}_thin`, snapshot: snapshot.id })] as const;
    });
    const deliveries = pairs.flatMap(([snapshot, thin], index) =>
      index % 2 === 0 ? [snapshot, thin] : [thin, snapshot],
    );
    await Promise.all([world.publish(...deliveries), world.publish(...deliveries), world.publish(...deliveries)]);
    await world.outcomesOf(...pairs.flatMap(([snapshot, thin]) => [snapshot.id, thin.attributes.id]));
    await allFetched();
    for (const story of stories) {
      expect(await world.told(startedType, story.userId)).toHaveLength(1);
      expect(await world.told('billing.account.changed', story.userId)).toMatchObject([{ version: 1, tier: 1 }]);
    }
  });

  it('of a customer whose user nobody knows waits, and is asked again when the mapping arrives', async () => {
    const story = new CustomerStory('foundling', {});
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const thin = thinEvent(story, { id: 'evt_foundling_thin' });
    await world.publish(thin);
    await waitFor('the parking', async () => {
      const [outcome] = await world.outcomesOf(thin.attributes.id);
      return outcome === 'parked unknown_customer';
    });
    expect(await world.told('billing.event.parked', thin.attributes.id)).toMatchObject([
      { reason: 'unknown_customer' },
    ]);
    const link = linked(story.userId, story.customerId);
    await world.publish(link);
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 1);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual([asked]);
    expect(await world.query('SELECT FROM parked_event WHERE key = $1', [story.customerId])).toHaveLength(0);
  });
});

describe('a thin event', () => {
  it('about anything else is kept and ignored', async () => {
    const thin = thinEvent(new CustomerStory('other'), { id: 'evt_other_thin' }, { type: 'v1.invoice_payment.paid' });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual(['ignored thin_event']);
    const [row] = await world.query<{ body: Buffer }>('SELECT body FROM raw_event WHERE event_id = $1', [
      thin.attributes.id,
    ]);
    expect(row?.body).toEqual(thin.body);
  });

  it('of an unknown shape is parked with the path of what is wrong', async () => {
    const thin = thinEvent(new CustomerStory('odd'), { id: 'evt_odd_thin' }, { related_object: null });
    await world.publish(thin);
    expect(await world.outcomesOf(thin.attributes.id)).toEqual(['parked unreadable: related_object']);
  });
});
