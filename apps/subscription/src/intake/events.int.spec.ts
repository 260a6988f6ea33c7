import { samples } from '@billhook/contracts';
import type { RunningService } from '@billhook/runtime';
import { aStripeEvent, periodEnd, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromGateway, linked, opened } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;
let service: RunningService;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
});

afterAll(async () => {
  await world?.end();
});

const started = 'billing.subscription.started';
const changed = 'billing.subscription.changed';
const ended = 'billing.subscription.ended';
const tier = 'billing.tier.changed';
const account = 'billing.account.changed';

describe('the story of a customer', () => {
  const ada = new CustomerStory('ada');

  it('begins Free with version 1 when the account is opened', async () => {
    const event = opened(ada.userId);
    await world.publish(event, linked(ada.userId, ada.customerId));
    await world.outcomesOf(event.attributes.id);
    expect(await world.told(account, ada.userId)).toMatchObject([{ version: 1, tier: 0, subscription: null }]);
  });

  it('turns Pro with the subscription, and says so once each', async () => {
    const events = [ada.checkedOut(), ada.created(), ada.invoice('paid')];
    await world.publish(...events);
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual([
      'ignored customer_already_known',
      'applied',
      'applied',
    ]);
    expect(await world.accountOf(ada.userId)).toMatchObject({
      tier: 1,
      tier_name: 'pro',
      version: 2,
      subscription: {
        id: 'sub_ada',
        status: 'active',
        will_renew: true,
        current_period_end: new Date(periodEnd * 1000).toISOString(),
      },
    });
    expect(await world.typesToldOf(ada.userId)).toEqual([account, started, tier, account, 'billing.payment.succeeded']);
    expect(await world.told(tier, ada.userId)).toMatchObject([
      { from: 0, to: 1, reasons: [{ code: 'subscription_active' }] },
    ]);
  });

  it('stays Pro, without renewal, when it is canceled at the end of the period', async () => {
    const ending = ada.subscription({ cancel_at_period_end: true, cancel_at: periodEnd });
    const event = ada.updated(60, ending, { cancel_at_period_end: false, cancel_at: null });
    await world.publish(event);
    await world.outcomesOf(event.id);
    expect(await world.accountOf(ada.userId)).toMatchObject({
      tier: 1,
      version: 3,
      subscription: { will_renew: false },
    });
  });

  it('is Free again when the subscription ends, with a version that grew by one each time', async () => {
    const event = ada.deleted(120);
    await world.publish(event);
    await world.outcomesOf(event.id);
    expect(await world.accountOf(ada.userId)).toMatchObject({
      tier: 0,
      version: 4,
      subscription: { is_canceled: true },
    });
    expect((await world.told(account, ada.userId)).map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect((await world.typesToldOf(ada.userId)).filter((type) => type.startsWith('billing.subscription'))).toEqual([
      started,
      changed,
      ended,
    ]);
  });
});

describe('an event', () => {
  it('that is delivered twice has one effect', async () => {
    const story = new CustomerStory('twice');
    const [created, paid] = [story.created(), story.invoice('paid')];
    await world.publish(created, paid, created, paid);
    await world.outcomesOf(created.id, paid.id);
    await world.publish(created, paid);
    const marker = story.event('price.updated', { id: 'price_1' }, 5);
    await world.publish(marker);
    await world.outcomesOf(marker.id);
    expect(await world.typesToldOf(story.userId)).toEqual([started, tier, account, 'billing.payment.succeeded']);
    expect(await world.query('SELECT FROM raw_event WHERE event_id = ANY($1)', [[created.id, paid.id]])).toHaveLength(
      2,
    );
  });

  it('that asks for a confirmation says so, once for each try', async () => {
    const story = new CustomerStory('confirm');
    const unpaid = { amount_paid: 0, amount_remaining: 999, status: 'open' } as const;
    const tries = [1, 1, 2].map((attempt_count) =>
      story.invoice('payment_action_required', { ...unpaid, attempt_count }),
    );
    await world.publish(story.created(), ...tries);
    expect(await world.outcomesOf(...tries.map(({ id }) => id))).toEqual([
      'applied',
      'ignored payment_already_recorded',
      'applied',
    ]);
    const told = { amount: 999, currency: 'usd', invoice_id: 'in_confirm', subscription_id: 'sub_confirm' };
    expect(await world.told('billing.payment.action_required', story.userId)).toMatchObject([told, told]);
  });

  it('of no interest is ignored, but kept byte for byte', async () => {
    const event = aStripeEvent('price.updated', { id: 'price_1', metadata: { note: 'a\0b \ud800 ünïcode' } });
    await world.publish(event);
    expect(await world.outcomesOf(event.id)).toEqual(['ignored not_relevant']);
    const [row] = await world.query<{ body: Buffer; partition: string }>(
      'SELECT body, tableoid::regclass::text AS partition FROM raw_event WHERE event_id = $1',
      [event.id],
    );
    expect(row?.body.toString()).toBe(JSON.stringify(event));
    expect(row?.partition).toMatch(/^raw_event_\d{4}_\d{2}$/);
  });

  it('that cannot be read is parked with the path of what is wrong, and said so', async () => {
    const story = new CustomerStory('unreadable');
    const event = story.event('customer.subscription.created', { ...story.subscription(), items: null }, 0);
    await world.publish(event);
    expect(await world.outcomesOf(event.id)).toEqual(['parked unreadable: data.object.items']);
    expect(await world.told('billing.event.parked', event.id)).toMatchObject([
      { event_type: 'stripe.customer.subscription.created' },
    ]);
  });
});

describe('events in order, in batches that overlap', () => {
  it('are each applied, none overtaken by a later one of its customer', async () => {
    const stories = Array.from({ length: 60 }, (_, index) => new CustomerStory(`inorder${index}`));
    const events = stories.flatMap((story) => [story.created(), story.invoice('paid'), story.deleted(9)]);
    await world.publish(...events);
    expect(new Set(await world.outcomesOf(...events.map(({ id }) => id)))).toEqual(new Set(['applied']));
  });
});

describe('events out of order', () => {
  it('deleted before created leave the user Free', async () => {
    const story = new CustomerStory('reversed');
    const events = [story.deleted(9), story.created(0)];
    await world.publish(...events);
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual([
      'applied',
      'ignored subscription_has_ended',
    ]);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0, subscription: { status: 'canceled' } });
  });

  it('updated before created keep the newer state', async () => {
    const story = new CustomerStory('hasty');
    const elite = story.onPrice('price_elite_monthly');
    const events = [story.updated(5, elite, { items: story.subscription().items }), story.created(0)];
    await world.publish(...events);
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual(['applied', 'ignored newer_state_known']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2, tier_name: 'elite' });
  });
});

describe('a payment', () => {
  it('is announced once, though Stripe tells of it with two events', async () => {
    const story = new CustomerStory('payer');
    const events = [story.created(), story.invoice('paid'), story.invoice('payment_succeeded')];
    await world.publish(...events);
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual([
      'applied',
      'applied',
      'ignored payment_already_recorded',
    ]);
    expect(await world.told('billing.payment.succeeded', story.userId)).toEqual([
      {
        user_id: story.userId,
        customer_id: story.customerId,
        subscription_id: story.subscriptionId,
        invoice_id: 'in_payer',
        amount: 999,
        currency: 'usd',
      },
    ]);
  });

  it('that fails is announced with each attempt and what is still to pay', async () => {
    const story = new CustomerStory('broke');
    const failed = (attempt_count: number) =>
      story.invoice('payment_failed', { amount_paid: 0, amount_remaining: 999, attempt_count });
    const events = [failed(1), failed(2)];
    await world.publish(...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    expect(await world.told('billing.payment.failed', story.userId)).toMatchObject([{ amount: 999 }, { amount: 999 }]);
  });
});

describe('a customer whose user nobody knows', () => {
  const story = new CustomerStory('stranger', {});

  it('has its events parked', async () => {
    const events = [story.created(), story.invoice('paid'), story.deleted(9)];
    await world.publish(...events);
    const parked = 'parked unknown_customer';
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual([parked, parked, parked]);
  });

  it('has them applied as soon as the gateway says whose it is', async () => {
    const link = linked(story.userId, story.customerId);
    await world.publish(link);
    expect(await world.outcomesOf(link.attributes.id, 'evt_stranger_1', 'evt_stranger_2', 'evt_stranger_3')).toEqual([
      'applied',
      'applied',
      'applied',
      'applied',
    ]);
    expect(await world.typesToldOf(story.userId)).toEqual([
      started,
      tier,
      account,
      'billing.payment.succeeded',
      ended,
      tier,
      account,
    ]);
    expect(await world.query('SELECT FROM parked_event WHERE key = $1', [story.customerId])).toHaveLength(0);
  });

  it('is known from our own metadata as well', async () => {
    const silent = new CustomerStory('silent', {});
    const paid = silent.invoice('paid');
    await world.publish(paid);
    expect(await world.outcomesOf(paid.id)).toEqual(['parked unknown_customer']);
    const created = silent.created(0, silent.subscription({ metadata: { user_id: silent.userId } }));
    await world.publish(created);
    expect(await world.outcomesOf(created.id, paid.id)).toEqual(['applied', 'applied']);
  });

  it('cannot be claimed by a second user', async () => {
    const claim = linked('user-thief', story.customerId);
    await world.publish(claim);
    expect(await world.outcomesOf(claim.attributes.id)).toEqual(['parked customer_of_another_user']);
    expect(await world.accountOf('user-thief')).toBeUndefined();
  });
});

describe('the golden samples', () => {
  it('of what this service reads are understood', async () => {
    const events = (['billing.account.opened', 'billing.customer.linked'] as const).map((type) =>
      type === 'billing.account.opened'
        ? fromGateway({ type, data: samples[type] })
        : fromGateway({ type, data: samples[type] }),
    );
    await world.publish(...events);
    expect(await world.outcomesOf(...events.map(({ attributes }) => attributes.id))).toEqual(['applied', 'applied']);
    expect(await world.told(account, samples['billing.account.opened'].user_id)).toMatchObject([
      { version: 1, tier: 0 },
    ]);
  });

  it('of what this service writes have the fields that it writes', async () => {
    const types = [
      started,
      changed,
      ended,
      tier,
      account,
      'billing.payment.succeeded',
      'billing.payment.failed',
    ] as const;
    for (const type of types) {
      const written = world.tapped.find(({ routingKey }) => routingKey === type);
      const data: unknown = JSON.parse(written?.body.toString() ?? 'null');
      expect([type, Object.keys(Object(data)).toSorted()]).toEqual([type, Object.keys(samples[type]).toSorted()]);
    }
  });
});

describe('readiness', () => {
  it('holds while database, queue and publisher are there', async () => {
    await waitFor('readiness', async () => (await fetch(`${service.managementUrl}/health/ready`)).status === 200);
  });
});
