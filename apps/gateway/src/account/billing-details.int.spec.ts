import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { anAccount, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
import type { Subscriber } from '../subscriber.spec-support.js';
import { CustomerStore } from '../checkout/customer.store.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { BillingDetailsReader } from './billing-details.client.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const profileOf = async ({ user }: Subscriber): Promise<string> => (await user.page('/profile')).text;
/** One that remembers nothing yet. */
const aReader = () =>
  new BillingDetailsReader(gateway.dataSource, gateway.app.get(CustomerStore), gateway.app.get(StripeBilling));
/** What it asks of Stripe from now on. */
function countRequests(): () => number {
  const before = gateway.simulator.requests.length;
  return () => gateway.simulator.requests.length - before;
}

describe('the profile', () => {
  it('shows by what somebody pays, and each invoice with Stripe’s page for it', async () => {
    const subscriber = await subscribe(gateway, 'card-holder');
    const { data } = await gateway.simulator.stripe.invoices.list({ customer: subscriber.customerId });
    const text = await profileOf(subscriber);
    expect(text).toContain('Visa ending in 4242');
    expect(text).toContain('Expires 12/2034');
    expect(data).toHaveLength(1);
    expect(text).toContain(`href="${data[0]?.hosted_invoice_url}"`);
    expect(text).toContain(`View invoice ${data[0]?.number}`);
  });

  it('asks Stripe once for what is looked at again and again, and anew once the account has changed', async () => {
    const subscriber = await subscribe(gateway, 'reloader');
    await profileOf(subscriber);
    const asked = countRequests();
    await Promise.all([profileOf(subscriber), profileOf(subscriber)]);
    expect(asked()).toBe(0);
    await subscriber.announce(2, { cancel_at_period_end: true });
    await profileOf(subscriber);
    expect(asked()).toBe(2);
  });

  it('asks anew of who has been to the portal, however quickly they are back', async () => {
    const subscriber = await subscribe(gateway, 'quick');
    await profileOf(subscriber);
    await subscriber.user.page('/manage-subscription?flow=payment_method');
    const asked = countRequests();
    await profileOf(subscriber);
    await profileOf(subscriber);
    expect(asked()).toBe(2);
  });

  it('asks nothing about who has never been to Checkout', async () => {
    const user = await gateway.as('stranger');
    const asked = countRequests();
    const { text } = await user.page('/profile');
    expect(text).not.toContain('Payment method');
    expect(asked()).toBe(0);
  });
});

describe('F57: while Stripe does not answer,', () => {
  it('the profile shows what was known, says since when, and does not wait a second time', async () => {
    const known = await subscribe(gateway, 'known');
    const unknown = await subscribe(gateway, 'unknown');
    await profileOf(known);
    await known.announce(2);
    gateway.simulator.setWeather('hanging');
    const began = performance.now();
    const first = await profileOf(known);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(first).toContain('Visa ending in 4242');
    expect(first).toMatch(/Stripe does not answer just now. This is how it was on \w+ \d+, \d{4} at \d\d:\d\d UTC/);
    const asked = countRequests();
    const { status, text } = await unknown.user.page('/profile');
    expect([status, text.includes('Pro renews on')]).toEqual([200, true]);
    expect(text).toContain('Stripe does not answer just now. Your plan is as shown');
    expect(asked()).toBe(0);
  });

  it('and is back, the first page is told so, and none that it is away', async () => {
    const reader = aReader();
    await subscribe(gateway, 'patient');
    const account = anAccount('patient', { subscription: null });
    const now = Date.now();
    gateway.simulator.setWeather('failing');
    expect(await reader.read(account, now)).toBeNull();
    gateway.simulator.setWeather('clear');
    expect(await reader.read(account, now + 11_000)).toMatchObject({ invoices: [{ status: 'paid' }], readAt: null });
  });

  it('one page in ten seconds finds out whether it is back, and where it is not, what was known is shown with its age', async () => {
    const reader = aReader();
    await subscribe(gateway, 'glancing');
    const account = anAccount('glancing', { subscription: null });
    const now = Date.now();
    await reader.read(account, now);
    gateway.simulator.setWeather('failing');
    await reader.read(account, now + 11_000);
    gateway.simulator.setWeather('hanging');
    const began = performance.now();
    const shown = await reader.read(account, now + 22_000);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(shown).toMatchObject({ invoices: [{ status: 'paid' }], readAt: new Date(now) });
  });

  it('a price that was known is not said of another plan that came since', async () => {
    const reader = aReader();
    const { subscriptionId } = await subscribe(gateway, 'risen');
    const before = anAccount('risen', { version: 1 });
    const account = before.subscription && { ...before, subscription: { ...before.subscription, id: subscriptionId } };
    if (account === null) throw new Error('the golden account has a subscription');
    const now = Date.now();
    expect(await reader.read(account, now)).toMatchObject({ price: { amount: 999 } });
    gateway.simulator.setWeather('failing');
    const after = await reader.read({ ...account, version: 2, tier: 2 }, now);
    expect(after).toMatchObject({ method: { lastFour: '4242' }, price: null, readAt: new Date(now) });
  });
});

describe('what somebody has paid for the first time while Stripe does not answer', () => {
  it('is not known, and not none because there was none before', async () => {
    const userId = 'first-time';
    const reader = aReader();
    const before = anAccount(userId, { version: 0, subscription: null });
    const opening = { tier: 1, billing_cycle: 'monthly' };
    await (await gateway.as(userId)).api('POST', '/v1/checkout-sessions', opening);
    expect(await reader.read(before, Date.now())).toMatchObject({ method: null, invoices: [] });
    await subscribe(gateway, userId);
    gateway.simulator.setWeather('failing');
    expect(await reader.read(anAccount(userId, { version: 1 }), Date.now())).toBeNull();
    expect(await reader.read(before, Date.now())).toMatchObject({ invoices: [] });
  });
});

describe('POST /refresh-account', () => {
  it('has everything of the caller’s asked of Stripe, once for each time', async () => {
    const subscriber = await subscribe(gateway, 'doubter');
    const answer = await subscriber.user.submit('/refresh-account', {});
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile?message=refreshed']);
    const pulls = () => publishedAbout(gateway, 'doubter').filter(({ type }) => type === 'billing.reconcile.requested');
    await waitFor('the pull', () => pulls().length > 0);
    expect(pulls().map(({ data }) => data)).toEqual([{ user_id: 'doubter', reason: 'asked_by_user' }]);
  });
});
