import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import {
  advance,
  cards,
  changeCard,
  day,
  endOf,
  latestInvoice,
  startSimulator,
  subscribe,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('a subscription schedule', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const retrieve = (id: string) => simulator.stripe.subscriptions.retrieve(id);
  /** A subscription that a schedule has taken over. */
  const scheduled = async (price = 'price_elite_monthly') => {
    const { stripe } = simulator;
    const made = await subscribe(simulator, { price });
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: made.subscription.id });
    const start = schedule.current_phase?.start_date ?? 0;
    const end = endOf(made.subscription);
    const phases = (
      next: string,
      extra: Partial<Stripe.SubscriptionScheduleUpdateParams.Phase> = {},
    ): Stripe.SubscriptionScheduleUpdateParams.Phase[] => [
      { items: [{ price }], start_date: start, end_date: end },
      { items: [{ price: next }], ...extra },
    ];
    return { ...made, schedule, start, end, phases };
  };

  it('made from a subscription has the period it is in as its one phase', async () => {
    const { schedule, subscription, start, end } = await scheduled();
    expect(schedule).toMatchObject({
      status: 'active',
      end_behavior: 'release',
      subscription: subscription.id,
      current_phase: { start_date: start, end_date: end },
      phases: [{ start_date: start, end_date: end, items: [{ price: 'price_elite_monthly', quantity: 1 }] }],
    });
    expect((await retrieve(subscription.id)).schedule).toBe(schedule.id);
    expect(await typesAbout(simulator, schedule.id)).toEqual([
      'subscription_schedule.created',
      'customer.subscription.updated',
    ]);
  });

  it('brings a downgrade about at the end of the period, in one update, at the new price', async () => {
    const { stripe } = simulator;
    const { customer, schedule, subscription, end, phases } = await scheduled();
    await stripe.subscriptionSchedules.update(schedule.id, { phases: phases('price_pro_monthly') });
    // Not the second before: the real one that passes until we look would be the last.
    await advance(simulator, { to: end - 600 });
    expect((await retrieve(subscription.id)).items.data[0]?.price.id).toBe('price_elite_monthly');
    const before = (await typesAbout(simulator, subscription.id)).length;
    await advance(simulator, { to: end });
    const after = await retrieve(subscription.id);
    expect(after.items.data[0]).toMatchObject({ price: { id: 'price_pro_monthly' }, current_period_start: end });
    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice).toMatchObject({ total: 999, billing_reason: 'subscription_cycle', status: 'paid' });
    expect(invoice.lines.data).toHaveLength(1);
    const types = (await typesAbout(simulator, subscription.id)).slice(before);
    expect(types.filter((type) => type === 'customer.subscription.updated')).toHaveLength(1);
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'active',
      current_phase: { start_date: end },
    });
  });

  it('begins a new cycle when the next phase has another interval', async () => {
    const { stripe } = simulator;
    const { customer, schedule, subscription, end, phases } = await scheduled('price_elite_yearly');
    await stripe.subscriptionSchedules.update(schedule.id, { phases: phases('price_pro_monthly') });
    await advance(simulator, { to: end });
    const after = await retrieve(subscription.id);
    expect(after.billing_cycle_anchor).toBe(end);
    expect(endOf(after) - end).toBeLessThanOrEqual(31 * day);
    expect((await latestInvoice(simulator, customer.id)).total).toBe(999);
  });

  it('lets go of the subscription after its last phase, which then renews on its own', async () => {
    const { stripe } = simulator;
    const { customer, schedule, subscription, end } = await scheduled();
    await advance(simulator, { to: end });
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'released',
      released_at: end,
      released_subscription: subscription.id,
      subscription: null,
    });
    expect(await retrieve(subscription.id)).toMatchObject({ schedule: null, status: 'active' });
    expect((await latestInvoice(simulator, customer.id)).total).toBe(2999);
    expect(await typesAbout(simulator, schedule.id)).toContain('subscription_schedule.released');
  });

  it('ends the subscription after its last phase where that was asked for', async () => {
    const { stripe } = simulator;
    const { schedule, subscription, end } = await scheduled();
    await stripe.subscriptionSchedules.update(schedule.id, { end_behavior: 'cancel' });
    await advance(simulator, { to: end });
    expect((await retrieve(subscription.id)).status).toBe('canceled');
    expect((await stripe.subscriptionSchedules.retrieve(schedule.id)).status).toBe('completed');
  });

  it('applies a change of the phase that runs at once', async () => {
    const { stripe } = simulator;
    const { schedule, subscription, start, end } = await scheduled();
    await stripe.subscriptionSchedules.update(schedule.id, {
      phases: [{ items: [{ price: 'price_pro_monthly' }], start_date: start, end_date: end }],
      proration_behavior: 'none',
    });
    expect((await retrieve(subscription.id)).items.data[0]?.price.id).toBe('price_pro_monthly');
  });

  it('can be released, and then no longer changes anything', async () => {
    const { stripe } = simulator;
    const { schedule, subscription, end, phases } = await scheduled();
    await stripe.subscriptionSchedules.update(schedule.id, { phases: phases('price_pro_monthly') });
    expect(await stripe.subscriptionSchedules.release(schedule.id)).toMatchObject({ status: 'released' });
    await advance(simulator, { to: end });
    expect((await retrieve(subscription.id)).items.data[0]?.price.id).toBe('price_elite_monthly');
    await expect(stripe.subscriptionSchedules.release(schedule.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('when cancelled takes the subscription with it, and the other way round', async () => {
    const { stripe } = simulator;
    const one = await scheduled();
    expect(await stripe.subscriptionSchedules.cancel(one.schedule.id)).toMatchObject({ status: 'canceled' });
    expect((await retrieve(one.subscription.id)).status).toBe('canceled');
    const two = await scheduled();
    await stripe.subscriptions.cancel(two.subscription.id);
    expect((await stripe.subscriptionSchedules.retrieve(two.schedule.id)).status).toBe('canceled');
  });

  it('is aborted when the subscription is given up for want of payment', async () => {
    const { customer, schedule, phases, end } = await scheduled();
    await simulator.stripe.subscriptionSchedules.update(schedule.id, { phases: phases('price_pro_monthly') });
    await changeCard(simulator, customer.id, cards.failsWhenCharged);
    await advance(simulator, { to: end + 16 * day });
    expect(await typesAbout(simulator, schedule.id)).toContain('subscription_schedule.aborted');
  });

  it('is refused twice over, for what has ended, and with what Stripe no longer takes', async () => {
    const { stripe } = simulator;
    const { schedule, subscription, start, phases } = await scheduled();
    const again = stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await expect(again).rejects.toMatchObject({ statusCode: 400, param: 'from_subscription' });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
      param: 'cancel_at_period_end',
    });
    const [current, next] = phases('price_pro_monthly');
    const moved = { ...current, items: current?.items ?? [], start_date: start + 1 };
    await expect(
      stripe.subscriptionSchedules.update(schedule.id, { phases: [moved, ...(next ? [next] : [])] }),
    ).rejects.toMatchObject({ param: 'phases[0][start_date]' });
    const response = await fetch(`${simulator.url}/v1/subscription_schedules/${schedule.id}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_made_up_for_specs' },
      body: new URLSearchParams({ 'phases[0][items][0][price]': 'price_pro_monthly', 'phases[0][iterations]': '2' }),
    });
    expect(await response.json()).toMatchObject({
      error: { code: 'parameter_unknown', param: 'phases[0][iterations]' },
    });
  });
});
