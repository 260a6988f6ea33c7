import { waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { anAccount, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const pro = { tier: 1, billing_cycle: 'monthly' } as const;

const customersOf = async (userId: string) =>
  (await gateway.simulator.stripe.customers.list({ limit: 100 })).data.filter(
    (customer) => customer.metadata['user_id'] === userId,
  );

const relinked = (userId: string) =>
  publishedAbout(gateway, userId).filter(({ type }) => type === 'billing.customer.relinked');

describe('a checkout (deleted or test-mode customer id stored)', () => {
  it('F58: of a customer who was deleted at Stripe makes another one, links it anew and says so', async () => {
    const { user, customerId } = await subscribe(gateway, 'returning');
    await gateway.simulator.stripe.customers.del(customerId);
    const canceled = { status: 'canceled', is_active: false, is_canceled: true, will_renew: false } as const;
    const { subscription } = anAccount('returning');
    await gateway.announce(
      anAccount('returning', { version: 2, tier: 0, subscription: subscription && { ...subscription, ...canceled } }),
    );
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 2);
    const answers = await Promise.all([1, 2, 3].map(() => user.api('POST', '/v1/checkout-sessions', pro)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const [customer, ...others] = await customersOf('returning');
    expect([customer?.email, others]).toEqual(['returning@example.com', []]);
    expect(new Set(answers.map(({ json }) => json['id'])).size).toBe(1);
    const session = await gateway.simulator.stripe.checkout.sessions.retrieve(String(answers[0]?.json['id']));
    expect(idOf(session.customer)).toBe(customer?.id);
    await waitFor('the announcement', () => relinked('returning').length > 0);
    expect(relinked('returning').map(({ data }) => data)).toEqual([
      { user_id: 'returning', customer_id: customer?.id, former_customer_id: customerId },
    ]);
  });

  it('F58: is begun anew where an answer about the customer who is gone was lost', async () => {
    const user = await gateway.as('unlucky');
    gateway.simulator.setWeather('answers_lost', /^POST \/v1\/checkout\/sessions$/);
    expect((await user.api('POST', '/v1/checkout-sessions', pro)).status).toBe(502);
    gateway.simulator.setWeather('clear');
    const [customer] = await customersOf('unlucky');
    await gateway.simulator.stripe.customers.del(String(customer?.id));
    expect((await user.api('POST', '/v1/checkout-sessions', pro)).status).toBe(201);
    expect(await customersOf('unlucky')).toHaveLength(1);
  });

  it('F58: of a customer of Stripe’s other mode says so, and makes nobody a second customer', async () => {
    const user = await gateway.as('mixed');
    await user.api('POST', '/v1/checkout-sessions', pro);
    gateway.simulator.setWeather('other_mode');
    const refused = await user.api('POST', '/v1/checkout-sessions', pro);
    expect([refused.status, refused.json['code']]).toEqual([502, 'stripe_mode_mismatch']);
    gateway.simulator.setWeather('clear');
    expect(await customersOf('mixed')).toHaveLength(1);
    expect(relinked('mixed')).toEqual([]);
  });

  it('F58: at a price that was put out of use says so, sells nothing, and sells again once it is back', async () => {
    const user = await gateway.as('late-buyer');
    const { stripe } = gateway.simulator;
    await stripe.prices.update('price_pro_monthly', { active: false });
    try {
      const refused = await user.api('POST', '/v1/checkout-sessions', pro);
      expect([refused.status, refused.json['code']]).toEqual([409, 'price_gone']);
      const page = await user.page('/create-checkout?tier=1&billing_cycle=monthly');
      expect([page.status, page.text]).toEqual([409, expect.stringContaining('Nothing was bought.')]);
      const [customer] = await customersOf('late-buyer');
      const sessions = await stripe.checkout.sessions.list({ customer: String(customer?.id) });
      expect(sessions.data).toEqual([]);
    } finally {
      await stripe.prices.update('price_pro_monthly', { active: true });
    }
    expect((await user.api('POST', '/v1/checkout-sessions', pro)).status).toBe(201);
  });

  it('F57: while Stripe is down is 502 at once for everybody, at two requests each, and leaves what is known as quick as ever', async () => {
    const known = await subscribe(gateway, 'known');
    const users = await Promise.all(Array.from({ length: 20 }, (_, index) => gateway.as(`crowd-${index}`)));
    gateway.simulator.setWeather('failing');
    const before = gateway.simulator.requests.length;
    const answers = await Promise.all(users.map((user) => user.api('POST', '/v1/checkout-sessions', pro)));
    for (const { status, json, headers } of answers) {
      expect([status, json['code'], headers.get('content-type')]).toEqual([
        502,
        'stripe_unavailable',
        expect.stringContaining('application/problem+json'),
      ]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const asked = gateway.simulator.requests.length - before;
    expect(asked).toBeLessThanOrEqual(2 * users.length);
    const pages = await Promise.all(Array.from({ length: 20 }, () => known.user.page('/profile')));
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]));
    // A customer's card and invoices are asked for once for all who look, each twice.
    expect(gateway.simulator.requests.length - before - asked).toBeLessThanOrEqual(4);
    gateway.simulator.setWeather('clear');
    expect((await users[0]?.api('POST', '/v1/checkout-sessions', pro))?.status).toBe(201);
  });

  it('F60: shows what Stripe’s event says before the customer is known here', async () => {
    const user = await gateway.as('early');
    // Stripe has made the customer, its event has gone all the way, and we have not had the answer yet.
    gateway.simulator.before(/^POST \/v1\/checkout\/sessions$/, () =>
      gateway.announce(anAccount('early', { version: 1 })),
    );
    expect((await user.api('POST', '/v1/checkout-sessions', pro)).status).toBe(201);
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['tier'] === 1);
    await gateway.announce(anAccount('never-seen-here', { version: 1 }));
    const stranger = await gateway.as('never-seen-here');
    await waitFor('the account', async () => (await stranger.api('GET', '/v1/account')).json['tier'] === 1);
  });
});
