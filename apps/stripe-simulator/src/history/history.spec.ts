import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { day, startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('a large past, made at once', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());

  const make = (wish: object) => simulator.post('/_simulator/history', wish);
  const events = (filter: Stripe.EventListParams = {}) =>
    simulator.stripe.events.list({ limit: 100, ...filter }).autoPagingToArray({ limit: 10_000 });
  const subscriptions = (filter: Stripe.SubscriptionListParams = {}) =>
    simulator.stripe.subscriptions.list({ limit: 100, ...filter }).autoPagingToArray({ limit: 10_000 });

  it('lists as many events and subscriptions as were wanted, newest first, within the days', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { body } = await make({ subscriptions: 150, events: 1001, days: 20 });
    const all = await events();
    expect([all.length, (await subscriptions({ status: 'all' })).length]).toEqual([1001, 150]);
    expect(body).toMatchObject({ newest_event: all[0]?.id, oldest_event: all.at(-1)?.id, undelivered: 0 });
    const times = all.map(({ created }) => created);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times.at(-1)).toBeGreaterThanOrEqual(before - 20 * day);
    expect(times[0]).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
  });

  it('tells of every object by its newest event as it is now', async () => {
    await make({ subscriptions: 40, events: 333 });
    const newest = new Map<string, object>();
    for (const { data } of (await events({ type: 'customer.subscription.*' })).toReversed()) {
      if ('id' in data.object) newest.set(data.object.id, data.object);
    }
    const now = await subscriptions({ status: 'all' });
    expect(now).toHaveLength(40);
    // As text, because the SDK reads decimals only where a field is typed as one.
    for (const row of now) expect(JSON.stringify(newest.get(row.id))).toBe(JSON.stringify(row));
    expect(new Set(now.map(({ status }) => status))).toEqual(new Set(['active', 'canceled']));
    expect(now.some((row) => row.status === 'active' && row.cancel_at_period_end)).toBe(true);
    expect(now.map(({ metadata }) => metadata.user_id)).toContain('seeded-40');
  });

  it('says in each change what was before, so that the events of an object lead from one to the next', async () => {
    await make({ subscriptions: 2, events: 12 });
    const [subscription] = await subscriptions();
    const about = (await events()).filter(({ data }) => 'id' in data.object && data.object.id === subscription?.id);
    expect(
      about
        .map(({ type }) => type)
        .toReversed()
        .slice(0, 3),
    ).toEqual(['customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.updated']);
    expect(about[0]?.data).toMatchObject({
      object: { metadata: { revision: '5' } },
      previous_attributes: { metadata: { revision: '4' } },
    });
  });

  it('delivers nothing, and lists the share that no endpoint has taken', async () => {
    await make({ subscriptions: 10, events: 200, undelivered: 0.1 });
    expect(await events({ delivery_success: false })).toHaveLength(20);
    expect(await simulator.get('/_simulator/deliveries')).toMatchObject({ pending: 0, deliveries: [] });
    expect(simulator.received).toEqual([]);
  });

  it('goes on like any other account: periods end, and are paid for', async () => {
    await make({ subscriptions: 10, events: 60 });
    await simulator.post('/_simulator/advance', { seconds: 32 * day });
    const paid = await simulator.stripe.events.list({ type: 'invoice.paid', limit: 100 });
    // Of the ten, five pay by the month; one of those ends with its period.
    expect(paid.data).toHaveLength(4);
    expect((await subscriptions({ status: 'canceled' })).length).toBe(2);
  });

  it('keeps all of a past that is larger than what is usually kept, and what comes on top', async () => {
    const { body } = await make({ subscriptions: 1000, events: 100_000 });
    await simulator.stripe.customers.create({});
    const state = await simulator.get('/_simulator/state?tables=subscriptions');
    expect(state).toMatchObject({ counts: { customers: 1001, subscriptions: 1000, events: 100_001 } });
    expect(body).toMatchObject({ oldest_event: expect.stringMatching(/^evt_/) });
  });

  it.each([
    ['fewer events than two for each subscription', { subscriptions: 10, events: 19 }, 'events'],
    ['more days than a month has', { days: 28 }, 'days'],
    ['more than the memory is for', { events: 500_001 }, 'events'],
    ['an unknown field', { customers: 3 }, 'customers'],
  ])('refuses %s', async (_name, wish, param) => {
    expect(await make(wish)).toMatchObject({ status: 400, body: { error: { param } } });
  });

  it('is refused where something has already happened', async () => {
    await simulator.stripe.customers.create({});
    expect(await make({})).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('reset') } },
    });
  });
});
