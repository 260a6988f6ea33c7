import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  endOf,
  payingForm,
  settle,
  startSimulator,
  submit,
  subscribe,
  decliningForm,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('the billing portal', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const openPortal = async () => {
    const made = await subscribe(simulator);
    const session = await simulator.stripe.billingPortal.sessions.create({
      customer: made.customer.id,
      return_url: 'http://shop.example/profile',
    });
    const { id } = made.subscription;
    const act = (action: string, fields = {}) => submit(session.url, { action, subscription: id, ...fields });
    const current = () => simulator.stripe.subscriptions.retrieve(id);
    const show = async () => (await fetch(session.url)).text();
    return { ...made, session, act, current, show };
  };

  it('shows the plan, the card, the invoices and the way back', async () => {
    const { show } = await openPortal();
    const html = await show();
    for (const text of ['Pro', '$9.99 per month', 'Renews on', '4242', '-0001', 'http://shop.example/profile']) {
      expect(html).toContain(text);
    }
  });

  it('cancels at the period’s end by cancel_at alone, as Stripe does in flexible billing mode, and takes it back', async () => {
    const { act, current, show, subscription } = await openPortal();
    expect((await act('cancel_at_period_end')).status).toBe(303);
    expect(await current()).toMatchObject({
      status: 'active',
      cancel_at: endOf(subscription),
      cancel_at_period_end: false,
    });
    expect(await show()).toContain('It will not renew.');
    await act('renew');
    expect(await current()).toMatchObject({ cancel_at: null, canceled_at: null });
    await settle(simulator);
    const changes = simulator.received.filter(
      ({ event, body }) => event.type === 'customer.subscription.updated' && body.includes(subscription.id),
    );
    expect(changes).toHaveLength(2);
  });

  it('opened for one thing goes back as soon as that is done', async () => {
    const { customer, subscription } = await openPortal();
    const return_url = 'http://shop.example/done';
    const open = (subscriptionId: string) =>
      simulator.stripe.billingPortal.sessions.create({
        customer: customer.id,
        flow_data: {
          type: 'subscription_cancel',
          subscription_cancel: { subscription: subscriptionId },
          after_completion: { type: 'redirect', redirect: { return_url } },
        },
      });
    const session = await open(subscription.id);
    expect(session.flow).toMatchObject({ type: 'subscription_cancel' });
    expect(session.flow?.subscription_cancel?.subscription).toBe(subscription.id);
    const done = await submit(session.url, { action: 'cancel_at_period_end', subscription: subscription.id });
    expect([done.status, done.location]).toEqual([303, return_url]);
    await expect(open('sub_madeup')).rejects.toMatchObject({ param: 'flow_data[subscription_cancel][subscription]' });
  });

  it('offers every other plan, and changes to the one chosen', async () => {
    const { act, current, show, subscription } = await openPortal();
    const offered = async () => [...(await show()).matchAll(/name="price" value="(\w+)"/g)].map(([, price]) => price);
    expect(await offered()).toEqual(['price_pro_yearly', 'price_elite_monthly', 'price_elite_yearly']);

    const { location } = await act('change_plan', { price: 'price_elite_monthly' });

    expect(location).toContain('done=change_plan');
    expect(await current()).toMatchObject({
      latest_invoice: subscription.latest_invoice,
      items: { data: [{ price: { id: 'price_elite_monthly' }, current_period_end: endOf(subscription) }] },
    });
    expect(await offered()).toEqual(['price_pro_monthly', 'price_pro_yearly', 'price_elite_yearly']);
    await settle(simulator);
    const changes = simulator.received.filter(
      ({ event, body }) => event.type === 'customer.subscription.updated' && body.includes(subscription.id),
    );
    expect(changes).toHaveLength(1);
    expect(changes[0]?.event).toMatchObject({
      data: { previous_attributes: { items: { data: [{ price: { id: 'price_pro_monthly' } }] } } },
      request: { id: expect.stringMatching(/^req_/) },
    });
  });

  it('bills at once when the plan chosen has another interval', async () => {
    const { act, customer, show } = await openPortal();
    await act('change_plan', { price: 'price_elite_yearly' });
    const [latest] = (await simulator.stripe.invoices.list({ customer: customer.id })).data;
    expect(latest).toMatchObject({ billing_reason: 'subscription_update', status: 'paid', total: 29_900 });
    expect(await show()).toContain('$299.00 per year');
  });

  it.each(['price_unknown', 'price_pro_monthly', ''])('does not change the plan to %p', async (price) => {
    const { act, current, subscription } = await openPortal();
    expect((await act('change_plan', { price })).status).toBe(400);
    expect((await current()).items).toEqual(subscription.items);
  });

  it('changes no plan that is about to end', async () => {
    const { act, current, show } = await openPortal();
    await act('cancel_at_period_end');
    expect(await show()).not.toContain('Change plan');
    expect((await act('change_plan', { price: 'price_elite_yearly' })).status).toBe(400);
    expect(await current()).toMatchObject({ items: { data: [{ price: { id: 'price_pro_monthly' } }] } });
  });

  it('ends a subscription whose cancel_at has come', async () => {
    const { act, current, subscription } = await openPortal();
    await act('cancel_at_period_end');
    await simulator.post('/_simulator/advance', { to: endOf(subscription) });
    expect(await current()).toMatchObject({ status: 'canceled', ended_at: endOf(subscription) });
  });

  it('cancels at once, after which nothing is left to cancel', async () => {
    const { act, current, show } = await openPortal();
    await act('cancel_now');
    expect((await current()).status).toBe('canceled');
    expect((await act('cancel_at_period_end')).status).toBe(400);
    const html = await show();
    expect(html).toContain('No current subscription.');
    expect(html).toContain('4242, until');
  });

  it('saves another card for the customer and the subscription, and refuses a declined one', async () => {
    const { session, current, subscription, customer } = await openPortal();
    const declined = await submit(session.url, { ...decliningForm, action: 'update_card' });
    expect([declined.status, declined.html.includes('Your card was declined.')]).toEqual([400, true]);
    await submit(session.url, { ...payingForm, exp: '01/31', action: 'update_card' });
    const method = (await current()).default_payment_method;
    expect(method).not.toBe(subscription.default_payment_method);
    expect(await simulator.stripe.customers.retrieve(customer.id)).toMatchObject({
      invoice_settings: { default_payment_method: method },
    });
  });

  it('touches nobody else’s subscription', async () => {
    const [mine, theirs] = [await openPortal(), await openPortal()];
    await submit(mine.session.url, { action: 'cancel_now', subscription: theirs.subscription.id });
    expect((await theirs.current()).status).toBe('active');
  });

  it('links each invoice to its page', async () => {
    const { customer } = await openPortal();
    const [invoice] = (await simulator.stripe.invoices.list({ customer: customer.id })).data;
    const response = await fetch(invoice?.hosted_invoice_url ?? '');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('$9.99');
  });
});
