import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import {
  advance,
  cards,
  customerWith,
  day,
  endOf,
  eventsAbout,
  formWith,
  latestInvoice,
  openCheckout,
  payingForm,
  startSimulator,
  submit,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

type MissingMethod = Stripe.SubscriptionCreateParams.TrialSettings.EndBehavior.MissingPaymentMethod;

describe('a trial', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  /** A trial of a fortnight, through Checkout. */
  const startTrial = async (form = payingForm, extra: Stripe.Checkout.SessionCreateParams = {}) => {
    const { customer, session, pageUrl } = await openCheckout(simulator, {
      extra: { subscription_data: { trial_period_days: 14, metadata: { user_id: 'ada' } }, ...extra },
    });
    const paid = await submit(pageUrl, form);
    const [subscription] = (await simulator.stripe.subscriptions.list({ customer: customer.id })).data;
    if (!subscription) throw new Error(`no trial began: ${paid.status}`);
    return { customer, session, subscription };
  };
  const retrieve = (id: string) => simulator.stripe.subscriptions.retrieve(id);

  it('owes nothing when it begins, and says until when it lasts', async () => {
    const { stripe } = simulator;
    const { customer, session, subscription } = await startTrial();
    const end = subscription.created + 14 * day;
    expect(subscription).toMatchObject({
      status: 'trialing',
      trial_start: subscription.created,
      trial_end: end,
      billing_cycle_anchor: end,
      items: { data: [{ current_period_start: subscription.created, current_period_end: end }] },
    });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      payment_status: 'no_payment_required',
      amount_total: 0,
    });
    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice).toMatchObject({ total: 0, status: 'paid', billing_reason: 'subscription_create' });
    expect(invoice.lines.data[0]?.description).toBe('Trial period for Pro');
    // No money, no payment.
    expect((await stripe.invoicePayments.list({ invoice: invoice.id })).data).toEqual([]);
  });

  it('is announced three days before it ends, and then billed for the first period', async () => {
    const { customer, subscription } = await startTrial();
    const end = endOf(subscription);
    await advance(simulator, { to: end - 3 * day - 1 });
    expect(await typesAbout(simulator, subscription.id)).not.toContain('customer.subscription.trial_will_end');
    await advance(simulator, { to: end });
    const events = await eventsAbout(simulator, subscription.id);
    const announced = events.filter(({ type }) => type === 'customer.subscription.trial_will_end');
    expect(announced.map(({ created }) => created)).toEqual([end - 3 * day]);
    const begun = await retrieve(subscription.id);
    expect(begun).toMatchObject({ status: 'active', trial_end: end });
    expect(begun.items.data[0]).toMatchObject({ current_period_start: end });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({
      total: 999,
      status: 'paid',
      billing_reason: 'subscription_cycle',
      created: end,
    });
    const [update] = events.filter(({ type }) => type === 'customer.subscription.updated');
    expect(update?.data.previous_attributes).toMatchObject({ status: 'trialing' });
  });

  it('shorter than three days is announced as soon as it begins', async () => {
    const customer = await customerWith(simulator, 'pm_card_visa');
    const { id, created } = await simulator.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: 'price_pro_monthly' }],
      trial_period_days: 2,
    });
    await advance(simulator, { seconds: 1 });
    const announced = (await eventsAbout(simulator, id)).find(({ type }) => type.endsWith('trial_will_end'));
    expect(announced?.created).toBe(created);
  });

  it('ends past due when the card that was saved declines the charge', async () => {
    const { subscription } = await startTrial(formWith(cards.failsWhenCharged));
    await advance(simulator, { to: endOf(subscription) });
    expect((await retrieve(subscription.id)).status).toBe('past_due');
    expect(await typesAbout(simulator, subscription.id)).toContain('invoice.payment_failed');
  });

  it('needs no card where the session asks for one only if required', async () => {
    const extra = { payment_method_collection: 'if_required' } as const;
    const { subscription, session } = await startTrial(
      { ...payingForm, card_number: '', exp: '', cvc: '' },
      {
        ...extra,
      },
    );
    expect(subscription).toMatchObject({ status: 'trialing', default_payment_method: null });
    expect((await simulator.stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('no_payment_required');
  });

  it.each([
    ['pause', 'paused', 'customer.subscription.paused'],
    ['cancel', 'canceled', 'customer.subscription.deleted'],
    ['create_invoice', 'past_due', 'invoice.payment_failed'],
  ] as const)('without a payment method ends by %s: %s', async (missing: MissingMethod, status, event) => {
    const customer = await customerWith(simulator, null);
    const subscription = await simulator.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: 'price_pro_monthly' }],
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: missing } },
    });
    await advance(simulator, { to: endOf(subscription) });
    const ended = await retrieve(subscription.id);
    expect(ended.status).toBe(status);
    expect(await typesAbout(simulator, subscription.id)).toContain(event);
    expect(ended.status_details?.paused.subscription.type).toBe(
      missing === 'pause' ? 'trial_end_without_payment_method' : undefined,
    );
  });

  it('can be ended at once and made longer', async () => {
    const { stripe } = simulator;
    const { subscription } = await startTrial();
    const longer = await stripe.subscriptions.update(subscription.id, { trial_end: endOf(subscription) + day });
    expect([longer.trial_end, endOf(longer)]).toEqual([endOf(subscription) + day, endOf(subscription) + day]);
    const begun = await stripe.subscriptions.update(subscription.id, { trial_end: 'now', expand: ['latest_invoice'] });
    expect(begun).toMatchObject({ status: 'active', latest_invoice: { total: 999, status: 'paid' } });
  });

  it('is cancelled at its end without a bill', async () => {
    const { customer, subscription } = await startTrial();
    await simulator.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await advance(simulator, { to: endOf(subscription) });
    expect((await retrieve(subscription.id)).status).toBe('canceled');
    expect((await latestInvoice(simulator, customer.id)).total).toBe(0);
  });

  it.each([
    ['days and an end at once', { trial_period_days: 7, trial_end: 4_000_000_000 }, 'trial_period_days'],
    ['no days', { trial_period_days: 0 }, 'trial_period_days'],
    ['an end within two days', { trial_end: Math.floor(Date.now() / 1000) + 3600 }, 'trial_end'],
  ])('is refused by Checkout with %s', async (_name, data, param) => {
    await expect(openCheckout(simulator, { extra: { subscription_data: data } })).rejects.toMatchObject({
      statusCode: 400,
      param: `subscription_data[${param}]`,
    });
  });
});
