import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  latestInvoice,
  openCheckout,
  payingForm,
  secretKey,
  settle,
  startSimulator,
  submit,
  subscribe,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

const versions = [
  '2020-08-27',
  '2022-11-15',
  '2025-03-31.basil',
  '2025-09-30.clover',
  '2026-03-25.dahlia',
  '2026-10-28.endive',
] as const;

describe('an older API version', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  beforeEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());

  const get = async (path: string, version: string) => {
    const headers = { authorization: `Bearer ${secretKey}`, 'stripe-version': version };
    const response = await fetch(simulator.url + path, { headers });
    return { status: response.status, version: response.headers.get('stripe-version'), body: await response.json() };
  };
  const bodyOf = async (path: string, version: string) => (await get(path, version)).body;
  const discounted = async () => {
    const { customer, pageUrl } = await openCheckout(simulator, { extra: { allow_promotion_codes: true } });
    await submit(pageUrl, { ...payingForm, promotion_code: 'WELCOME20' });
    const invoice = await latestInvoice(simulator, customer.id);
    return { customer, invoice };
  };

  it.each(versions)('%s is named in the answer', async (version) => {
    expect(await get('/v1/prices', version)).toMatchObject({ status: 200, version });
  });

  it.each(['2019-12-03', '2026-11-30.endive', 'newest'])('%s is refused', async (version) => {
    expect(await get('/v1/prices', version)).toMatchObject({
      status: 400,
      body: { error: { message: `Invalid Stripe API version: ${version}` } },
    });
  });

  it.each(versions)('%s has the period where it stood then', async (version) => {
    const { subscription } = await subscribe(simulator);
    const [item] = subscription.items.data;
    const body = await bodyOf(`/v1/subscriptions/${subscription.id}`, version);
    const [start, end] = [item?.current_period_start, item?.current_period_end];
    const period = { current_period_start: start, current_period_end: end };
    if (version < '2025-03-31') {
      expect(body).toMatchObject({ ...period, discount: null, plan: { id: 'price_pro_monthly' }, quantity: 1 });
      expect(body).not.toHaveProperty('items.data.0.current_period_end');
    } else {
      expect(body).toMatchObject({ items: { data: [period] } });
      expect(body).not.toHaveProperty('current_period_end');
    }
  });

  it.each(versions)('%s names an invoice’s subscription, payment and lines where they stood then', async (version) => {
    const { subscription, customer } = await subscribe(simulator);
    const invoice = await latestInvoice(simulator, customer.id);
    const body = await bodyOf(`/v1/invoices/${invoice.id}`, version);
    const line = { amount: 999, period: invoice.lines.data[0]?.period };
    if (version < '2025-03-31') {
      expect(body).toMatchObject({
        subscription: subscription.id,
        paid: true,
        payment_intent: expect.stringMatching(/^pi_/),
        charge: expect.stringMatching(/^ch_/),
        lines: { data: [{ ...line, type: 'subscription', price: { id: 'price_pro_monthly' }, proration: false }] },
      });
      expect(body).not.toHaveProperty('parent');
      expect(body).not.toHaveProperty('lines.data.0.pricing');
    } else {
      expect(body).toMatchObject({
        parent: { subscription_details: { subscription: subscription.id } },
        lines: { data: [{ ...line, pricing: { price_details: { price: 'price_pro_monthly' } } }] },
      });
      for (const gone of ['subscription', 'paid', 'payment_intent', 'charge']) expect(body).not.toHaveProperty(gone);
    }
  });

  it.each(versions)('%s has a discount’s coupon where it stood then', async (version) => {
    const { invoice } = await discounted();
    const body = await bodyOf(`/v1/invoices/${invoice.id}?expand[]=discounts`, version);
    if (version < '2025-09-30') expect(body).toMatchObject({ discounts: [{ coupon: { id: 'welcome20' } }] });
    else expect(body).toMatchObject({ discounts: [{ source: { coupon: 'welcome20' } }] });
    if (version < '2025-03-31') expect(body).toMatchObject({ discount: { coupon: { id: 'welcome20' } } });
    else expect(body).not.toHaveProperty('discount');
  });

  it.each(versions)('%s tells of a charge’s invoice and refunds what it told then', async (version) => {
    const { customer } = await subscribe(simulator);
    const invoice = await latestInvoice(simulator, customer.id);
    const [charge] = (await simulator.stripe.charges.list({ customer: customer.id })).data;
    await simulator.stripe.refunds.create({ charge: charge?.id ?? '' });
    const body = await bodyOf(`/v1/charges/${charge?.id}`, version);
    if (version < '2025-03-31') expect(body).toMatchObject({ invoice: invoice.id });
    else expect(body).not.toHaveProperty('invoice');
    if (version < '2022-11-15') expect(body).toMatchObject({ refunds: { data: [{ amount: 999 }] } });
    else expect(body).not.toHaveProperty('refunds');
  });

  it.each(versions)('%s calls the hosted page what it was called then', async (version) => {
    const { session } = await openCheckout(simulator);
    const body = await bodyOf(`/v1/checkout/sessions/${session.id}`, version);
    expect(body).toMatchObject({ ui_mode: version < '2026-03-25' ? 'hosted' : 'hosted_page' });
  });

  it('gives no reason for a pause before endive', async () => {
    const { subscription } = await subscribe(simulator);
    await simulator.stripe.subscriptions.pause(subscription.id);
    const path = `/v1/subscriptions/${subscription.id}`;
    expect(await bodyOf(path, '2026-10-28.endive')).toHaveProperty('status_details');
    expect(await bodyOf(path, '2026-08-26.dahlia')).not.toHaveProperty('status_details');
  });

  describe('of the webhook endpoint', () => {
    const settings = (change: object) => simulator.post('/_simulator/settings', change);
    const cancel = async () => {
      const { subscription } = await subscribe(simulator);
      await simulator.stripe.subscriptions.update(subscription.id, { items: [{ price: 'price_elite_monthly' }] });
      await simulator.stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: { type: 'now' } });
      await simulator.post('/_simulator/advance', { seconds: 40 * 24 * 3600 });
      await settle(simulator);
      return subscription;
    };

    it.each(versions)('%s shapes its events, and what was before in them', async (version) => {
      await settings({ webhook: { api_version: version } });
      const { id } = await cancel();
      const renewal = simulator.received
        .map(({ event }) => event)
        .findLast(({ type, data }) => type === 'customer.subscription.updated' && JSON.stringify(data).includes(id));
      expect(renewal?.api_version).toBe(version);
      const before = renewal?.data.previous_attributes;
      if (version < '2025-03-31') {
        expect(renewal?.data.object).toHaveProperty('current_period_end');
        expect(before).toMatchObject({ current_period_end: expect.any(Number) });
      } else {
        expect(renewal?.data.object).not.toHaveProperty('current_period_end');
        expect(before).toMatchObject({ items: { data: [{ current_period_end: expect.any(Number) }, {}] } });
      }
    });

    it('leaves the list of events as they were made, whatever a request asks for', async () => {
      await settings({ webhook: { api_version: '2020-08-27' } });
      await subscribe(simulator);
      const path = '/v1/events?type=invoice.paid';
      const asked = await bodyOf(path, '2020-08-27');
      expect(asked).toMatchObject({ data: [{ api_version: '2026-10-28.endive', data: { object: { parent: {} } } }] });
    });

    it('can be the account’s own, which is then that of requests that name none', async () => {
      await settings({ api_version: '2022-11-15' });
      const { subscription } = await subscribe(simulator);
      const { data } = await simulator.stripe.events.list({ type: 'invoice.paid' });
      expect(data[0]).toMatchObject({ api_version: '2022-11-15', data: { object: { subscription: subscription.id } } });
      const headers = { authorization: `Bearer ${secretKey}` };
      const answer = await fetch(`${simulator.url}/v1/subscriptions/${subscription.id}`, { headers });
      expect(await answer.json()).toHaveProperty('current_period_end');
    });

    it('sends thin events too on request, each naming its snapshot', async () => {
      await settings({ webhook: { thin: true } });
      const { subscription } = await subscribe(simulator);
      await settle(simulator);
      const thin = simulator.noted.thin.findLast(({ type }) => type === 'v1.customer.subscription.created');
      expect(thin).toMatchObject({ related_object: { id: subscription.id } });
      const fetched = await simulator.stripe.v2.core.events.retrieve(thin?.id ?? '');
      const snapshot = simulator.received.findLast(({ event }) => event.type === 'customer.subscription.created');
      expect(fetched).toMatchObject({ snapshot_event: snapshot?.event.id });
    });

    it.each([
      ['a version there is not', { webhook: { api_version: '2019-01-01' } }],
      ['a version of the account there is not', { api_version: 'basil' }],
    ])('is refused with %s', async (_name, change) => {
      expect((await settings(change)).status).toBe(400);
    });
  });
});
