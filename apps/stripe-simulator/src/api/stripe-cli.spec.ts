import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { advance, secretKey, settle, startSimulator, typesAbout } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

/** The requests that Stripe's CLI makes, seen when it was run against this simulator (1.52.0, `--api-base`). */
describe('what Stripe’s own CLI asks for', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  it('trigger customer.subscription.created: a customer with a card, a product, a price, a subscription', async () => {
    const { stripe } = simulator;
    const customer = await stripe.customers.create({
      description: 'made for a trigger',
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    const product = await stripe.products.create({ name: 'A product', description: 'made for a trigger' });
    const price = await stripe.prices.create({
      product: product.id,
      unit_amount: 1500,
      currency: 'usd',
      recurring: { interval: 'month' },
    });
    const made = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      expand: ['latest_invoice'],
    });
    expect(made).toMatchObject({ status: 'active', latest_invoice: { total: 1500, status: 'paid' } });
    expect(await typesAbout(simulator, product.id)).toEqual(
      expect.arrayContaining(['product.created', 'price.created', 'customer.subscription.created', 'invoice.paid']),
    );
  });

  it('trigger invoice.paid: an item, an invoice that includes it, and its payment', async () => {
    const { stripe } = simulator;
    const customer = await stripe.customers.create({});
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoiceItems.create({ amount: 2000, currency: 'usd', customer: customer.id });
    const invoice = await stripe.invoices.create({
      customer: customer.id,
      pending_invoice_items_behavior: 'include',
    });
    expect(invoice).toMatchObject({ status: 'draft', total: 2000, billing_reason: 'manual', parent: null });
    const paid = await stripe.invoices.pay(invoice.id, { payment_method: method.id });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 2000 });
    expect(await typesAbout(simulator, invoice.id)).toEqual(
      expect.arrayContaining(['invoice.created', 'invoice.finalized', 'invoice.paid', 'invoice.payment_succeeded']),
    );
  });

  it('events resend: the event comes again', async () => {
    const { stripe } = simulator;
    const { id } = await stripe.customers.create({ name: 'Once more' });
    const [event] = (await stripe.events.list({ type: 'customer.created', limit: 1 })).data;
    await settle(simulator);
    const headers = { authorization: `Bearer ${secretKey}` };
    const body = new URLSearchParams({ for_stripecli: 'true' });
    const answer = await fetch(`${simulator.url}/v1/events/${event?.id}/retry`, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ id: event?.id, data: { object: { id } } });
    await settle(simulator);
    expect(simulator.received.filter((received) => received.event.id === event?.id)).toHaveLength(2);
  });

  it('makes no customer of a card that is declined, or of a default that does not come along', async () => {
    const { stripe } = simulator;
    await expect(stripe.customers.create({ payment_method: 'pm_card_chargeDeclined' })).rejects.toMatchObject({
      statusCode: 402,
    });
    await expect(
      stripe.customers.create({ invoice_settings: { default_payment_method: 'pm_card_visa' } }),
    ).rejects.toMatchObject({ param: 'invoice_settings[default_payment_method]' });
  });

  const triggered = { currency: 'usd', payment_method_types: ['card'], confirm: true };

  it('trigger charge.refunded: a payment of no invoice, and its refund', async () => {
    const { stripe } = simulator;
    const intent = await stripe.rawRequest('POST', '/v1/payment_intents', {
      ...triggered,
      amount: 100,
      payment_method: 'pm_card_visa',
    });
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 100, customer: null });
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    expect(refund).toMatchObject({ status: 'succeeded', amount: 100, payment_intent: intent.id });
    const told = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'charge.refunded'];
    expect(await typesAbout(simulator, intent.id)).toEqual(expect.arrayContaining(told));
  });

  it('trigger charge.failed: a payment that the bank declines', async () => {
    const { stripe } = simulator;
    const failing = { ...triggered, amount: 2000, payment_method: 'pm_card_chargeDeclined' };
    await expect(stripe.rawRequest('POST', '/v1/payment_intents', failing)).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
    });
    const [intent] = (await stripe.paymentIntents.list({ limit: 1 })).data;
    expect(intent).toMatchObject({ status: 'requires_payment_method', last_payment_error: { code: 'card_declined' } });
    const told = ['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed'];
    expect(await typesAbout(simulator, intent?.id ?? '')).toEqual(told);
  });

  it.each([
    ['updated', { metadata: { a: 'b' } }, ''],
    ['closed', {}, '/close'],
  ])(
    'trigger charge.dispute.%s: a payment that the bank inquires about, found by its payment',
    async (what, wish, path) => {
      const { stripe } = simulator;
      const paying = { ...triggered, amount: 100, payment_method: 'pm_card_createDisputeInquiry' };
      const intent = await stripe.rawRequest('POST', '/v1/payment_intents', paying);
      const [dispute] = (await stripe.disputes.list({ payment_intent: String(intent.id) })).data;
      expect(dispute).toMatchObject({ status: 'warning_needs_response', amount: 100, charge: intent.latest_charge });
      await stripe.rawRequest('POST', `/v1/disputes/${dispute?.id}${path}`, wish);
      const told = await typesAbout(simulator, dispute?.id ?? '');
      expect(told).toEqual(['charge.dispute.created', `charge.dispute.${what}`]);
    },
  );

  it('trigger payment_intent.canceled: a payment that nobody made, and none that was made', async () => {
    const { stripe } = simulator;
    const intent = await stripe.paymentIntents.create({ amount: 2000, currency: 'usd' });
    expect(intent.status).toBe('requires_payment_method');
    expect(await stripe.paymentIntents.cancel(intent.id)).toMatchObject({ status: 'canceled' });
    await expect(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  it('trigger subscription_schedule.created: a schedule with a subscription of its own, whose second phase follows', async () => {
    const { stripe } = simulator;
    const customer = await stripe.rawRequest('POST', '/v1/customers', { source: 'tok_visa' });
    const phases = [1, 2].map((quantity) => ({ iterations: 1, items: [{ price: 'price_pro_monthly', quantity }] }));
    const made = await stripe.rawRequest('POST', '/v1/subscription_schedules', {
      customer: customer.id,
      start_date: 'now',
      phases,
    });
    expect(made).toMatchObject({ status: 'active', customer: customer.id, phases: [{}, {}] });
    const [subscription] = (await stripe.subscriptions.list({ customer: String(customer.id) })).data;
    expect(subscription).toMatchObject({ status: 'active', schedule: made.id, items: { data: [{ quantity: 1 }] } });
    expect(await typesAbout(simulator, String(made.id))).toContain('subscription_schedule.created');
    await advance(simulator, { to: subscription?.items.data[0]?.current_period_end ?? 0 });
    const renewed = await stripe.subscriptions.retrieve(subscription?.id ?? '');
    expect(renewed).toMatchObject({ status: 'active', items: { data: [{ quantity: 2 }] } });
  });

  it.each([
    ['without a customer', { start_date: 'now', phases: [{ items: [{ price: 'price_pro_monthly' }] }] }, 'customer'],
    ['without phases', { start_date: 'now', customer: 'theirs' }, 'phases'],
    ['from a subscription and for a customer', { from_subscription: 'sub_x', customer: 'theirs' }, 'customer'],
  ])('makes no schedule %s', async (_name, given, param) => {
    const { id } = await simulator.stripe.customers.create({});
    const wish = { ...given, ...('customer' in given && { customer: id }) };
    const made = simulator.stripe.rawRequest('POST', '/v1/subscription_schedules', wish);
    await expect(made).rejects.toMatchObject({ statusCode: 400, param });
  });
});
