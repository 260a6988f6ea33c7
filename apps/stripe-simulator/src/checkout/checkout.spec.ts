import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decliningForm,
  endOf,
  openCheckout,
  payingForm,
  settle,
  startSimulator,
  submit,
  typesOf,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('Checkout', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  it('sells nothing at a price that was put out of use, and names the parameter', async () => {
    const { stripe } = simulator;
    await stripe.prices.update('price_elite_yearly', { active: false });
    const opening = stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: 'price_elite_yearly', quantity: 1 }],
      success_url: 'http://shop.example/success',
    });
    await expect(opening).rejects.toMatchObject({
      statusCode: 400,
      type: 'StripeInvalidRequestError',
      param: 'line_items[0][price]',
      message: expect.stringContaining('The price specified is inactive'),
    });
    const { data } = await stripe.events.list({ type: 'price.updated' });
    expect(data.map(({ data: { object } }) => object)).toMatchObject([{ id: 'price_elite_yearly', active: false }]);
    await stripe.prices.update('price_elite_yearly', { active: true });
  });

  it('has no subscription before the payment, and an active one after it', async () => {
    const { stripe } = simulator;
    const { session, customer, pageUrl } = await openCheckout(simulator);
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', subscription: null, amount_total: 999 });

    const { status, location } = await submit(pageUrl, payingForm);

    expect([status, location]).toEqual([303, `http://shop.example/payment/success?session_id=${session.id}`]);
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] });
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      metadata: { user_id: 'ada' },
      subscription: {
        status: 'active',
        customer: customer.id,
        metadata: { user_id: 'ada' },
        billing_mode: { type: 'flexible' },
      },
    });
    const [invoice] = (await stripe.invoices.list({ customer: customer.id })).data;
    expect(invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_create',
      amount_paid: 999,
      parent: { subscription_details: { subscription: expect.stringMatching(/^sub_/), metadata: { user_id: 'ada' } } },
    });
    expect(invoice?.number).toMatch(/-0001$/);
  });

  it('sends the events of a payment, all of one second, each with the object as it was then', async () => {
    const { pageUrl, customer } = await openCheckout(simulator);
    await settle(simulator);
    const since = simulator.received.length;
    await submit(pageUrl, payingForm);
    await settle(simulator);
    expect(typesOf(simulator, since).sort()).toEqual(
      [
        'payment_method.attached',
        'customer.updated',
        'checkout.session.completed',
        'customer.subscription.created',
        'invoice.created',
        'invoice.finalized',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
      ].sort(),
    );
    const events = simulator.received.slice(since).map(({ event }) => event);
    expect(new Set(events.map(({ created }) => created)).size).toBe(1);
    const byType = (type: string) => events.find((event) => event.type === type);
    expect(byType('invoice.created')).toHaveProperty('data.object.status', 'draft');
    expect(byType('invoice.finalized')).toHaveProperty('data.object.status', 'open');
    expect(byType('invoice.paid')).toHaveProperty('data.object.status', 'paid');
    expect(byType('customer.subscription.created')).toHaveProperty('data.object.customer', customer.id);
    expect(byType('customer.updated')).toHaveProperty('data.previous_attributes', { currency: null });
    expect(byType('checkout.session.completed')?.request).toEqual({ id: null, idempotency_key: null });
    expect(byType('invoice.paid')?.request?.id).toMatch(/^req_/);
  });

  it('changes nothing when the card is declined, and lets the customer try again', async () => {
    const { stripe } = simulator;
    const { session, customer, pageUrl } = await openCheckout(simulator);
    await settle(simulator);
    const since = simulator.received.length;

    const declined = await submit(pageUrl, decliningForm);

    expect(declined.status).toBe(402);
    expect(declined.html).toContain('Your card was declined.');
    await settle(simulator);
    expect(typesOf(simulator, since)).toEqual([]);
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect((await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
    expect((await submit(pageUrl, payingForm)).status).toBe(303);
  });

  it.each([
    ['another number', { card_number: '5555 5555 5555 4444' }, 'card number is invalid'],
    ['no number', { card_number: '' }, '4242 4242 4242 4242 pays'],
    ['a month that does not exist', { exp: '13 / 34' }, 'expiration date is incomplete'],
    ['an expiry whose month could be 1 or 12', { exp: '123' }, 'expiration date is incomplete'],
    ['a card that has expired', { exp: '10 / 26' }, 'expiration date is in the past'],
    ['a short security code', { cvc: '1' }, 'security code is incomplete'],
  ])('shows the page again for %s', async (_name, change, message) => {
    const { pageUrl } = await openCheckout(simulator);
    const { status, html } = await submit(pageUrl, { ...payingForm, ...change });
    expect(status).toBe(400);
    expect(html).toContain(message);
  });

  it.each(['1234', '12 34', '12/34', '12 / 2034', '1/34'])('takes the expiry %p', async (exp) => {
    const { pageUrl } = await openCheckout(simulator);
    expect((await submit(pageUrl, { ...payingForm, exp })).status).toBe(303);
  });

  it('charges once however often Pay is pressed', async () => {
    const { customer, pageUrl } = await openCheckout(simulator);
    const answers = await Promise.all([submit(pageUrl, payingForm), submit(pageUrl, payingForm)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect((await simulator.stripe.subscriptions.list({ customer: customer.id })).data).toHaveLength(1);
  });

  describe('promotion codes', () => {
    const allowed = { extra: { allow_promotion_codes: true } };

    it('take 20 % off the first invoice only', async () => {
      const { stripe } = simulator;
      const { customer, session, pageUrl } = await openCheckout(simulator, allowed);
      await submit(pageUrl, { ...payingForm, promotion_code: 'welcome20' });
      expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
        amount_subtotal: 999,
        amount_total: 799,
        total_details: { amount_discount: 200 },
        discounts: [{ promotion_code: 'promo_welcome20' }],
      });
      const [first] = (await stripe.invoices.list({ customer: customer.id, expand: ['data.discounts'] })).data;
      expect(first).toMatchObject({ subtotal: 999, total: 799, amount_paid: 799 });
      expect(first?.discounts[0]).toMatchObject({ source: { coupon: 'welcome20' }, promotion_code: 'promo_welcome20' });
      expect((await stripe.promotionCodes.list({ code: 'WELCOME20' })).data[0]?.times_redeemed).toBe(1);

      const [subscription] = (await stripe.subscriptions.list({ customer: customer.id })).data;
      await simulator.post('/_simulator/advance', { to: subscription && endOf(subscription) });
      const [renewal] = (await stripe.invoices.list({ customer: customer.id })).data;
      expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', total: 999 });
    });

    it('are shown applied before paying, and refused when unknown', async () => {
      const { pageUrl } = await openCheckout(simulator, allowed);
      const applied = await submit(pageUrl, { promotion_code: 'WELCOME20', action: 'apply' });
      expect([applied.status, applied.html.includes('$7.99')]).toEqual([200, true]);
      const refused = await submit(pageUrl, { ...payingForm, promotion_code: 'NOPE' });
      expect([refused.status, refused.html.includes('This code is invalid.')]).toEqual([400, true]);
    });

    it('are neither shown nor taken when the session does not allow them', async () => {
      const { session, pageUrl } = await openCheckout(simulator);
      expect(await (await fetch(pageUrl)).text()).not.toContain('promotion_code');
      await submit(pageUrl, { ...payingForm, promotion_code: 'WELCOME20' });
      expect((await simulator.stripe.checkout.sessions.retrieve(session.id)).amount_total).toBe(999);
    });
  });

  it('makes a customer of a payer it did not know', async () => {
    const { stripe } = simulator;
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: 'price_elite_yearly', quantity: 1 }],
      success_url: 'http://shop.example/thanks',
    });
    expect((await submit(session.url ?? '', payingForm)).status).toBe(400);
    await submit(session.url ?? '', { ...payingForm, email: 'new@example.com' });
    const { customer } = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer'] });
    expect(customer).toMatchObject({ email: 'new@example.com', currency: 'usd' });
  });

  it('expires a session on request, after which its page takes no card', async () => {
    const { stripe } = simulator;
    const { session, pageUrl } = await openCheckout(simulator);
    expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: 'expired', url: null });
    expect((await submit(pageUrl, payingForm)).status).toBe(410);
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400 });
    await settle(simulator);
    expect(typesOf(simulator)).toContain('checkout.session.expired');
  });

  it('escapes what others wrote into the page', async () => {
    const { pageUrl } = await openCheckout(simulator);
    const { html } = await submit(pageUrl, { ...payingForm, cvc: '"><script>alert(1)</script>' });
    expect(html).not.toContain('<script>');
  });

  it('brings its icon along, so that browsers ask for none', async () => {
    const { pageUrl } = await openCheckout(simulator);
    expect(await (await fetch(pageUrl)).text()).toContain('<link rel="icon" href="data:');
  });

  it('answers 404 with a page for a session that does not exist', async () => {
    const response = await fetch(`${simulator.url}/c/pay/cs_test_x`);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });
});

describe('Checkout’s redirect', () => {
  const answer = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator(async ({ event }) => {
      if (event.type !== 'checkout.session.completed') return 200;
      asked.resolve();
      await answer.promise;
      return 200;
    });
  });
  afterAll(() => simulator.stop());

  it('waits until the endpoint has answered checkout.session.completed', async () => {
    const { pageUrl } = await openCheckout(simulator);
    let isRedirected = false;
    const paying = submit(pageUrl, payingForm).then((result) => {
      isRedirected = true;
      return result;
    });
    await asked.promise;
    // A whole other request is answered meanwhile, so the redirect had every chance to overtake.
    await simulator.stripe.prices.list();
    expect(isRedirected).toBe(false);
    answer.resolve();
    expect((await paying).status).toBe(303);
  });
});
