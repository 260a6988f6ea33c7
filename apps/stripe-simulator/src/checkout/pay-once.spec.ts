import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { startSimulator, submit, typesAbout } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('a Checkout session in payment mode', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const address = { line1: '1 Made Up Street', city: 'Nowhere', country: 'US' };
  const aPrice = async (recurring?: { interval: 'month' }) => {
    const product = await simulator.stripe.products.create({ name: 'A shirt' });
    const amount = { unit_amount: 1500, currency: 'usd' };
    return simulator.stripe.prices.create({ ...amount, product: product.id, ...(recurring && { recurring }) });
  };
  const open = async (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
    simulator.stripe.checkout.sessions.create({
      success_url: 'http://shop.example/done',
      mode: 'payment',
      line_items: [{ price: (await aPrice()).id, quantity: 2 }],
      ...more,
    });
  const read = (id: string) => simulator.stripe.rawRequest('GET', `/v1/payment_pages/${id}`);
  const confirm = (id: string, payment_method: string, expected_amount = 3000) =>
    simulator.stripe.rawRequest('POST', `/v1/payment_pages/${id}/confirm`, { payment_method, expected_amount });
  const aCard = () =>
    simulator.stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_visa' },
      billing_details: { email: 'guest@shop.example', name: 'A Guest', address },
    });

  it('is paid once by a guest, with no customer, no subscription and no invoice', async () => {
    const shipping = { name: 'A Guest', address };
    const session = await open({ payment_intent_data: { shipping, metadata: { order: '7' } } });
    expect(session).toMatchObject({ status: 'open', amount_total: 3000, payment_intent: null, customer: null });
    expect(await read(session.id)).toMatchObject({ id: session.id, amount_total: 3000, payment_status: 'unpaid' });

    const paid = await confirm(session.id, (await aCard()).id);

    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      mode: 'payment',
      customer: null,
      customer_details: { email: 'guest@shop.example' },
      subscription: null,
      invoice: null,
      url: null,
    });
    const intent = await simulator.stripe.paymentIntents.retrieve(String(paid.payment_intent));
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 3000,
      metadata: { order: '7' },
      shipping: { name: 'A Guest', address: { ...address, postal_code: null } },
    });
    expect(await typesAbout(simulator, intent.id)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
    await expect(confirm(session.id, 'pm_card_visa')).rejects.toMatchObject({ statusCode: 400 });
  });

  it('stays open when the card declines, and is paid by the same payment intent afterwards', async () => {
    const { id } = await open();
    await expect(confirm(id, 'pm_card_chargeDeclined')).rejects.toMatchObject({ code: 'card_declined' });
    const declined = await read(id);
    expect(declined).toMatchObject({ status: 'open', payment_status: 'unpaid' });

    const paid = await confirm(id, 'pm_card_visa');

    expect(paid).toMatchObject({ status: 'complete', payment_intent: declined.payment_intent });
    const types = await typesAbout(simulator, String(paid.payment_intent));
    expect(types.filter((type) => type === 'payment_intent.created')).toHaveLength(1);
    expect(types).toContain('charge.failed');
  });

  it('stays open when the card asks for 3-D Secure', async () => {
    const { id } = await open();
    expect(await confirm(id, 'pm_card_authenticationRequired')).toMatchObject({ status: 'open' });
    expect((await simulator.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('unpaid');
  });

  it('is not paid when another amount was expected', async () => {
    const { id } = await open();
    await expect(confirm(id, 'pm_card_visa', 2999)).rejects.toMatchObject({ param: 'expected_amount' });
    expect(await read(id)).toMatchObject({ status: 'open', payment_intent: null });
  });

  it('has no hosted page here, and says so', async () => {
    const { url } = await open();
    expect((await fetch(url ?? '')).status).toBe(501);
    expect((await submit(url ?? '', {})).status).toBe(501);
  });

  it.each([
    ['subscription_data', { subscription_data: { metadata: { user_id: 'ada' } } }],
    ['allow_promotion_codes', { allow_promotion_codes: true }],
    ['payment_method_collection', { payment_method_collection: 'always' as const }],
  ])('is not made with %s', async (param, more) => {
    await expect(open(more)).rejects.toMatchObject({ statusCode: 400, param });
  });

  it('is made of prices that are charged once, and a subscription of those that are not', async () => {
    const { stripe } = simulator;
    const [once, monthly] = [await aPrice(), await aPrice({ interval: 'month' })];
    expect([once.type, monthly.type]).toEqual(['one_time', 'recurring']);
    const param = 'line_items[0][price]';
    await expect(open({ line_items: [{ price: monthly.id }] })).rejects.toMatchObject({ param });
    await expect(open({ mode: 'subscription', line_items: [{ price: once.id }] })).rejects.toMatchObject({ param });
    const { id } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    await expect(stripe.subscriptions.create({ customer: id, items: [{ price: once.id }] })).rejects.toMatchObject({
      param: 'items[0][price]',
    });
  });

  it('has its page confirmed by the API, which a session for a subscription has not', async () => {
    const line_items = [{ price: (await aPrice({ interval: 'month' })).id }];
    const { id } = await open({ mode: 'subscription', line_items });
    await expect(confirm(id, 'pm_card_visa', 1500)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('is paid with a card that a customer may still save, unless it was detached', async () => {
    const { stripe } = simulator;
    const { id: customer } = await stripe.customers.create({});
    const card = await aCard();
    expect(await stripe.paymentMethods.attach(card.id, { customer })).toMatchObject({ id: card.id, customer });
    await stripe.paymentMethods.detach(card.id);
    await expect(stripe.paymentMethods.attach(card.id, { customer })).rejects.toMatchObject({ statusCode: 400 });
  });
});
