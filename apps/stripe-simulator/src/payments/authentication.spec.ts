import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  advance,
  authenticate,
  cards,
  changeCard,
  customerWith,
  endOf,
  formWith,
  latestInvoice,
  openCheckout,
  startSimulator,
  submit,
  subscribe,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('3-D Secure', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const subscriptionsOf = async (customer: string) =>
    (await simulator.stripe.subscriptions.list({ customer, status: 'all' })).data;
  const create = async (method: string, payment_behavior?: 'default_incomplete' | 'error_if_incomplete') => {
    const customer = await customerWith(simulator, method);
    const items = [{ price: 'price_pro_monthly' }];
    const subscription = await simulator.stripe.subscriptions.create({
      customer: customer.id,
      items,
      ...(payment_behavior && { payment_behavior }),
      expand: ['latest_invoice'],
    });
    return { customer, subscription };
  };

  describe('in Checkout', () => {
    it('comes between paying and the subscription, which exists only once it was passed', async () => {
      const { customer, pageUrl, session } = await openCheckout(simulator);
      const { status, location } = await submit(pageUrl, formWith(cards.authenticatesOnce));
      expect([status, location]).toEqual([303, expect.stringContaining('/3d_secure/')]);
      expect(await (await fetch(new URL(location ?? '', simulator.url))).text()).toContain('3-D Secure');
      expect(await subscriptionsOf(customer.id)).toEqual([]);

      const passed = await authenticate(simulator, location, 'complete');

      expect(passed.location).toBe(`http://shop.example/payment/success?session_id=${session.id}`);
      expect(await subscriptionsOf(customer.id)).toMatchObject([{ status: 'active' }]);
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'paid' });
    });

    it.each([
      ['it is failed', cards.authenticatesOnce, 'fail', 'unable to authenticate'],
      ['the bank then declines', cards.authenticatesThenDeclines, 'complete', 'was declined'],
    ] as const)('leads back to an open session when %s', async (_name, card, answer, message) => {
      const { customer, pageUrl, session } = await openCheckout(simulator);
      const { location } = await submit(pageUrl, formWith(card));
      const back = await authenticate(simulator, location, answer);
      expect(await (await fetch(new URL(back.location ?? '', simulator.url))).text()).toContain(message);
      expect((await simulator.stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
      expect(await subscriptionsOf(customer.id)).toEqual([]);
    });

    it('is answered once', async () => {
      const { pageUrl } = await openCheckout(simulator);
      const { location } = await submit(pageUrl, formWith(cards.authenticatesOnce));
      await authenticate(simulator, location, 'complete');
      expect((await authenticate(simulator, location, 'complete')).status).toBe(404);
    });
  });

  it('is not asked for again by a card that was set up', async () => {
    const { customer, pageUrl } = await openCheckout(simulator);
    const { location } = await submit(pageUrl, formWith(cards.authenticatesOnce));
    await authenticate(simulator, location, 'complete');
    const [subscription] = await subscriptionsOf(customer.id);
    await advance(simulator, { to: subscription ? endOf(subscription) : 0 });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({
      billing_reason: 'subscription_cycle',
      status: 'paid',
    });
  });

  it('on a renewal leaves it past due until the customer passes it on the hosted invoice page', async () => {
    const { customer, subscription } = await subscribe(simulator);
    const asked = await changeCard(simulator, customer.id, cards.authenticatesAlways);
    expect((await authenticate(simulator, asked.location, 'complete')).location).toContain('done=update_card');

    await advance(simulator, { to: endOf(subscription) });

    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1 });
    expect(await typesAbout(simulator, invoice.id)).toEqual(
      expect.arrayContaining(['invoice.payment_action_required', 'invoice.payment_failed']),
    );
    expect((await simulator.stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    const { location } = await submit(invoice.hosted_invoice_url ?? '', {});
    await authenticate(simulator, location, 'complete');
    expect((await simulator.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  it('saves no card in the portal when it is failed', async () => {
    const { customer, subscription } = await subscribe(simulator);
    const { location } = await changeCard(simulator, customer.id, cards.authenticatesOnce);
    const back = await authenticate(simulator, location, 'fail');
    expect(await (await fetch(new URL(back.location ?? '', simulator.url))).text()).toContain('unable to authenticate');
    expect((await simulator.stripe.subscriptions.retrieve(subscription.id)).default_payment_method).toBe(
      subscription.default_payment_method,
    );
  });

  describe('on a first invoice made by the API', () => {
    it('leaves the subscription incomplete, and active once it was passed', async () => {
      const { stripe } = simulator;
      const { customer, subscription } = await create('pm_card_authenticationRequired');
      expect(subscription).toMatchObject({ status: 'incomplete', latest_invoice: { status: 'open' } });
      const invoice = await latestInvoice(simulator, customer.id);
      expect(await typesAbout(simulator, invoice.id)).toEqual([
        'customer.subscription.created',
        'invoice.created',
        'invoice.finalized',
        'invoice.payment_action_required',
        'invoice.payment_failed',
        'invoice.updated',
      ]);
      await expect(stripe.invoices.pay(invoice.id)).rejects.toMatchObject({
        statusCode: 402,
        code: 'invoice_payment_intent_requires_action',
      });
      const { location } = await submit(invoice.hosted_invoice_url ?? '', {});
      await authenticate(simulator, location, 'complete');
      expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
      const types = await typesAbout(simulator, subscription.id);
      expect(types.slice(-3)).toEqual(['invoice.paid', 'invoice.payment_succeeded', 'customer.subscription.updated']);
    });

    it('expires the subscription after 23 hours, and voids the invoice', async () => {
      const { stripe } = simulator;
      const { customer, subscription } = await create('pm_card_authenticationRequired');
      await advance(simulator, { to: subscription.created + 23 * 3600 - 1 });
      expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete');
      await advance(simulator, { to: subscription.created + 23 * 3600 });
      expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'void' });
      expect((await typesAbout(simulator, subscription.id)).slice(-2)).toEqual([
        'customer.subscription.updated',
        'invoice.voided',
      ]);
    });
  });

  describe('and payment_behavior', () => {
    it('default_incomplete leaves the first invoice open without trying', async () => {
      const { customer, subscription } = await create('pm_card_visa', 'default_incomplete');
      expect(subscription.status).toBe('incomplete');
      const invoice = await latestInvoice(simulator, customer.id);
      expect(invoice).toMatchObject({ status: 'open', attempted: false, attempt_count: 0 });
      await simulator.stripe.invoices.pay(invoice.id);
      expect((await simulator.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    });

    it('error_if_incomplete makes no subscription of a card that does not pay', async () => {
      await expect(create('pm_card_authenticationRequired', 'error_if_incomplete')).rejects.toMatchObject({
        statusCode: 402,
      });
    });
  });

  it('refuses a subscription for a customer without a payment method', async () => {
    const customer = await customerWith(simulator, null);
    const made = simulator.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: 'price_pro_monthly' }],
    });
    await expect(made).rejects.toMatchObject({ statusCode: 400, code: 'resource_missing' });
  });

  it('refuses to attach a card that the bank declines, one of another customer, and one that was detached', async () => {
    const { stripe } = simulator;
    const customer = await customerWith(simulator, null);
    const attach = (id: string) => stripe.paymentMethods.attach(id, { customer: customer.id });
    await expect(attach('pm_card_chargeDeclined')).rejects.toMatchObject({ code: 'card_declined' });
    const other = await customerWith(simulator, 'pm_card_visa');
    const [theirs] = (await stripe.customers.listPaymentMethods(other.id)).data;
    await expect(attach(theirs?.id ?? '')).rejects.toMatchObject({ statusCode: 400 });
    await stripe.paymentMethods.detach(theirs?.id ?? '');
    await expect(attach(theirs?.id ?? '')).rejects.toMatchObject({ statusCode: 400 });
  });
});
