import { startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, StripeEventBody } from '@billhook/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { linked, opened } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;

beforeEach(async () => {
  world = await World.create();
});

afterEach(async () => {
  await world?.end();
});

const versionsOf = async (userId: string) =>
  (await world.told('billing.account.changed', userId)).map(({ version }) => version);

describe('a crash between save and ack (done recorded before the effect, crashed claims never reclaimed)', () => {
  let cable: CableProxy;

  beforeEach(async () => {
    cable = await startCableProxy(world.brokerUrl);
  });

  afterEach(async () => {
    await cable.close();
  });

  it('has the event delivered again, with one effect', async () => {
    const service = await world.start({ RABBITMQ_URL: cable.url });
    await waitFor('the consumer', async () => (await fetch(`${service.managementUrl}/health/ready`)).status === 200);
    const story = new CustomerStory('crash');
    cable.mute();
    const events = [story.created(), story.invoice('paid')];
    await world.publish(...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    cable.cut();

    await waitFor('the second delivery', async () => {
      const metrics = await (await fetch(`${service.managementUrl}/metrics`)).text();
      return metrics.includes('billhook_subscription_events_total{outcome="duplicate"} 2');
    });
    expect(await versionsOf(story.userId)).toEqual([1]);
    expect(await world.told('billing.payment.succeeded', story.userId)).toHaveLength(1);
    expect(await world.query('SELECT FROM raw_event')).toHaveLength(2);
    await world.stop(service);
  });
});

describe('a batch', () => {
  it('of two customers, and of several events of one user, is applied as if they had come alone', async () => {
    const [ada, bob] = [new CustomerStory('ada'), new CustomerStory('bob')];
    const elite = bob.onPrice('price_elite_monthly');
    await world.publish(opened(ada.userId), linked(ada.userId, ada.customerId), opened(bob.userId));
    const events = [
      bob.created(),
      ada.created(),
      bob.updated(5, elite, { items: bob.subscription().items }),
      ada.invoice('paid'),
      bob.invoice('paid'),
      ada.deleted(9),
    ];
    await world.publish(...events);
    await world.start();
    await world.outcomesOf(...events.map(({ id }) => id));
    expect(await world.accountOf(ada.userId)).toMatchObject({ tier: 0, version: 3 });
    expect(await world.accountOf(bob.userId)).toMatchObject({ tier: 2, version: 3 });
    expect([await versionsOf(ada.userId), await versionsOf(bob.userId)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('knows whose a customer is though the link comes last in it', async () => {
    const story = new CustomerStory('late', {});
    const link = linked(story.userId, story.customerId);
    const created = story.created();
    await world.publish(created, link);
    await world.start();
    expect(await world.outcomesOf(created.id, link.attributes.id)).toEqual(['applied', 'applied']);
  });
});

describe('a batch with poison in it (poison message loops)', () => {
  it('applies the neighbours of an event that can never be applied, and parks that one after its tries', async () => {
    const [ada, poison] = [new CustomerStory('ada'), new CustomerStory('poison')];
    const impossible = poison.invoice('payment_failed', { attempt_count: 3_000_000_000 });
    const events = [ada.created(), impossible, ada.invoice('paid')];
    await world.publish(...events);
    await world.start();
    await waitFor('the neighbours', async () => (await world.accountOf(ada.userId))?.tier === 1);
    await waitFor(
      'the parking',
      async () => (await world.query('SELECT FROM parked_event WHERE retry_at IS NULL')).length === 1,
      30_000,
    );
    const [parked] = await world.query<{ event_id: string; attempts: number; reason: string; body: Buffer }>(
      'SELECT event_id, attempts, reason, body FROM parked_event',
    );
    expect(parked).toMatchObject({
      event_id: impossible.id,
      attempts: 5,
      reason: expect.stringContaining('out of range'),
    });
    expect(parked?.body.toString()).toBe(JSON.stringify(impossible));
    expect(await world.told('billing.event.parked', impossible.id)).toMatchObject([{ attempts: 5 }]);
    expect(await world.told('billing.payment.succeeded', ada.userId)).toHaveLength(1);
  });
});

describe('two replicas', () => {
  it('that share the events of many users end in the truth, with versions that grow by one', async () => {
    const stories = Array.from({ length: 8 }, (_, index) => new CustomerStory(`user${index}`));
    await Promise.all([world.start(), world.start()]);
    const lives = stories.map(lifeOf);
    for (let turn = 0; turn < 8; turn += 1) {
      await Promise.all(
        lives.map((events) => world.publish(...events.slice(turn, turn + 1), ...events.slice(0, turn))),
      );
    }
    await world.outcomesOf(...lives.flat().map(({ id }) => id));
    for (const story of stories) {
      const account = await world.accountOf(story.userId);
      expect(account).toMatchObject({ tier: 2, subscription: { cancel_at_period_end: true } });
      const versions = await versionsOf(story.userId);
      expect(versions).toEqual(Array.from({ length: account?.version ?? 0 }, (_, index) => index + 1));
    }
  });
});

/** Eight events, of which the last leaves Elite, ending with its period. */
function lifeOf(story: CustomerStory): StripeEventBody[] {
  const [pro, elite] = [story.subscription(), story.onPrice('price_elite_monthly')];
  const [toElite, toPro] = [{ items: pro.items }, { items: elite.items }];
  return [
    story.created(),
    story.invoice('paid'),
    story.updated(10, elite, toElite),
    story.updated(20, pro, toPro),
    story.updated(30, elite, toElite),
    story.invoice('payment_succeeded'),
    story.updated(40, story.onPrice('price_elite_monthly', { status: 'past_due' }), { status: 'active' }),
    story.updated(50, story.onPrice('price_elite_monthly', { cancel_at_period_end: true }), { status: 'past_due' }),
  ];
}
