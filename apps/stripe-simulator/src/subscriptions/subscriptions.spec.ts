import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endOf, settle, startSimulator, subscribe } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('a subscription', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const advanceTo = (to: number) => simulator.post('/_simulator/advance', { to, wait_for_deliveries: true });
  const eventsOf = (id: string, type: string) =>
    simulator.received
      .map(({ event }) => event)
      .filter((event) => event.type === type && JSON.stringify(event.data).includes(id));

  it('runs on to the paid period’s end when cancelled, and is deleted there', async () => {
    const { stripe } = simulator;
    const { subscription } = await subscribe(simulator);
    const end = endOf(subscription);

    const cancelled = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(cancelled).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: end,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await settle(simulator);
    const [updated] = eventsOf(subscription.id, 'customer.subscription.updated');
    expect(updated?.data.previous_attributes).toEqual({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });

    await advanceTo(end - 1);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    await advanceTo(end + 3600);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled', ended_at: end });
    const [deleted] = eventsOf(subscription.id, 'customer.subscription.deleted');
    expect([deleted?.created, deleted?.request]).toEqual([end, { id: null, idempotency_key: null }]);
    expect(deleted?.data).not.toHaveProperty('previous_attributes');
  });

  it('renews when the cancellation was taken back', async () => {
    const { stripe } = simulator;
    const { subscription, customer } = await subscribe(simulator);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    const resumed = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    expect(resumed).toMatchObject({ cancel_at_period_end: false, cancel_at: null, canceled_at: null });

    await advanceTo(endOf(subscription));

    const renewed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(renewed.items.data[0]?.current_period_start).toBe(endOf(subscription));
    expect(renewed.latest_invoice).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid', total: 999 });
    expect((await stripe.invoices.list({ customer: customer.id })).data).toHaveLength(2);
    const event = eventsOf(subscription.id, 'customer.subscription.updated').at(-1);
    expect(event).toMatchObject({
      created: endOf(subscription),
      data: { previous_attributes: { items: { data: [{ current_period_end: endOf(subscription) }] } } },
    });
    expect(eventsOf(subscription.id, 'invoice.paid')).toHaveLength(2);
  });

  it('renews once for every period the clock passes, each at its own time', async () => {
    const { subscription } = await subscribe(simulator);
    await simulator.post('/_simulator/advance', { seconds: 100 * 24 * 3600, wait_for_deliveries: true });
    const times = eventsOf(subscription.id, 'customer.subscription.updated').map(({ created }) => created);
    expect(times).toHaveLength(3);
    expect(times[0]).toBe(endOf(subscription));
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });

  it('ends at once when cancelled now, and is then unknown to cancel', async () => {
    const { stripe } = simulator;
    const { subscription, customer } = await subscribe(simulator);
    const ended = await stripe.subscriptions.cancel(subscription.id, { cancellation_details: { feedback: 'unused' } });
    expect(ended).toMatchObject({ status: 'canceled', cancellation_details: { feedback: 'unused' } });
    expect(ended.ended_at).toBe(ended.canceled_at);
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({ code: 'resource_missing' });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
      param: 'cancel_at_period_end',
    });
    const listed = async (status?: 'all' | 'canceled') =>
      (await stripe.subscriptions.list({ customer: customer.id, ...(status && { status }) })).data.length;
    expect([await listed(), await listed('all'), await listed('canceled')]).toEqual([0, 1, 1]);
  });

  it('ends at the time that cancel_at names', async () => {
    const { stripe } = simulator;
    const { subscription } = await subscribe(simulator);
    const at = subscription.created + 86_400;
    await stripe.subscriptions.update(subscription.id, { cancel_at: at });
    await advanceTo(at);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled', ended_at: at });
  });

  it('takes another price of the same interval for the next invoice', async () => {
    const { stripe } = simulator;
    const { subscription } = await subscribe(simulator);
    const item = subscription.items.data[0]?.id ?? '';
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: 'price_elite_monthly' }],
      proration_behavior: 'none',
      metadata: { tier: '2' },
    });
    expect(changed.items.data[0]?.price.id).toBe('price_elite_monthly');
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
    await settle(simulator);
    expect(eventsOf(subscription.id, 'customer.subscription.updated')).toHaveLength(1);
    await advanceTo(endOf(subscription));
    const { latest_invoice } = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(latest_invoice).toMatchObject({ total: 2999 });
  });

  it('starts a new period and bills at once when the interval changes', async () => {
    const { stripe } = simulator;
    const { subscription } = await subscribe(simulator);
    const item = subscription.items.data[0]?.id ?? '';
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: 'price_pro_yearly' }],
      proration_behavior: 'none',
      expand: ['latest_invoice'],
    });
    expect(changed.latest_invoice).toMatchObject({
      billing_reason: 'subscription_update',
      total: 9900,
      status: 'paid',
    });
    expect(endOf(changed)).toBeGreaterThan(endOf(subscription) + 300 * 86_400);
  });

  it('is left alone by an update that is refused', async () => {
    const { stripe } = simulator;
    const { subscription } = await subscribe(simulator);
    await expect(
      stripe.subscriptions.update(subscription.id, {
        metadata: { a: 'b' },
        items: [{ id: 'si_x', price: 'price_pro_yearly' }],
      }),
    ).rejects.toMatchObject({ param: 'items[0][id]' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).metadata).toEqual({ user_id: 'ada' });
  });

  it('answers with the account’s time in the Date header, also after the clock has moved', async () => {
    const { subscription } = await subscribe(simulator);
    const { created } = await simulator.stripe.customers.create({});
    const answer = await simulator.stripe.subscriptions.retrieve(subscription.id);
    const date = Date.parse(answer.lastResponse.headers.date ?? '') / 1000;
    expect(date).toBeGreaterThanOrEqual(created);
    expect(date).toBeLessThan(created + 60);
    expect(date).toBeGreaterThan(Date.now() / 1000 + 86_400);
  });
});
