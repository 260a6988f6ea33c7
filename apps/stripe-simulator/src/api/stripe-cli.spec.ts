import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { secretKey, settle, startSimulator, typesAbout } from '../start-simulator.spec-support.js';
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
});
