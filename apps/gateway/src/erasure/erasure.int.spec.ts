import { dumpSchema, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { follow } from '../event-stream.spec-support.js';
import { anAccount, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';

let gateway: TestGateway;
let ops: TestBrowser;
beforeAll(async () => {
  gateway = await startGateway();
  ops = await gateway.as('olga', { roles: ['ops'] });
}, 60_000);
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const reason = 'ticket 4711';
const erase = (userId: string): Promise<Answer> => ops.api('POST', `/v1/users/${userId}/erase`, { reason });
const statusOf = async (userId: string) => (await ops.api('GET', `/v1/users/${userId}/erasure`)).json;

/** As the other services answer. */
async function answer(userId: string, service: 'subscription' | 'audit'): Promise<void> {
  const { request_id } = await statusOf(userId);
  const data = { user_id: userId, request_id, service, counts: { raw_events: 3 } };
  await gateway.publish('billing.account.erasure_completed', JSON.stringify(data));
}

const isErasedHere = (userId: string) =>
  waitFor(`the erasure of ${userId}`, async () => {
    const { waiting_for: waiting } = await statusOf(userId);
    return Array.isArray(waiting) && !waiting.includes('stripe') && !waiting.includes('gateway');
  });

const requestsOf = (userId: string) =>
  publishedAbout(gateway, userId).filter(({ type }) => type === 'billing.account.erasure_requested');

describe('an erasure (account deleted, billing continues)', () => {
  it('ends the billing at once, announces it, and is complete when every service has answered', async () => {
    const { user, customerId, subscriptionId } = await subscribe(gateway, 'leaver');
    const open = await (
      await gateway.as('leaver-two')
    ).api('POST', '/v1/checkout-sessions', {
      tier: 1,
      billing_cycle: 'monthly',
    });
    const first = await erase('leaver');
    expect(first.status).toBe(202);
    expect(first.json).toMatchObject({ user_id: 'leaver', reason, requested_by: 'olga', takes_long: false });
    await isErasedHere('leaver');
    const { stripe } = gateway.simulator;
    expect((await stripe.subscriptions.retrieve(subscriptionId)).status).toBe('canceled');
    expect(await stripe.checkout.sessions.retrieve(String(open.json['id']))).toMatchObject({ status: 'open' });
    await waitFor('the announcement', () => requestsOf('leaver').length > 0);
    expect(requestsOf('leaver')).toEqual([
      {
        type: 'billing.account.erasure_requested',
        data: { user_id: 'leaver', request_id: first.json['request_id'], reason },
      },
    ]);
    expect(publishedAbout(gateway, 'leaver')).toContainEqual({
      type: 'billing.cancellation.requested',
      data: { user_id: 'leaver', subscription_id: subscriptionId, immediate: true, outcome: 'accepted' },
    });
    expect(await statusOf('leaver')).toMatchObject({ state: 'erasing', waiting_for: ['subscription', 'audit'] });
    await answer('leaver', 'subscription');
    await answer('leaver', 'subscription');
    await waitFor('the answer', async () => String((await statusOf('leaver'))['waiting_for']) === 'audit');
    await answer('leaver', 'audit');
    await waitFor('the end', async () => (await statusOf('leaver'))['state'] === 'complete');
    const again = await erase('leaver');
    expect(again.json).toMatchObject({ request_id: first.json['request_id'], state: 'complete', waiting_for: [] });
    expect(requestsOf('leaver')).toHaveLength(1);
    expect(customerId).toMatch(/^cus_/);
    expect((await user.api('GET', '/v1/account')).status).toBe(410);
  });

  it('closes a payment page that is open', async () => {
    const user = await gateway.as('buyer');
    const { json } = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
    await erase('buyer');
    await isErasedHere('buyer');
    const session = await gateway.simulator.stripe.checkout.sessions.retrieve(String(json['id']));
    expect(session.status).toBe('expired');
  });

  it('leaves no byte of the person in any table, and nobody else’s is gone', async () => {
    const canary = 'canary-person@example.com';
    const agent = { 'user-agent': 'CanaryBrowser/7', 'x-canary': '1' };
    for (const userId of ['canary', 'bystander']) {
      const user = await gateway.as(userId, { email: userId === 'canary' ? canary : 'bystander@example.com' });
      const headers = { ...user.bearer, ...agent };
      await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' }, headers);
      await user.api('PUT', '/v1/preferences', preferences, headers);
      const action_required = {
        reason: 'payment_failed',
        invoice_id: 'in_1',
        url: `https://pay.example.com/${userId}-invoice`,
      } as const;
      await gateway.announce(anAccount(userId, { version: 1, action_required }));
      await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 1);
    }
    const spoiled = JSON.stringify({ user_id: 'canary', email: canary, version: 'none' });
    await gateway.publish('billing.account.changed', spoiled);
    const dump = () => dumpSchema(gateway.adminUrl, 'gateway');
    await waitFor('the parked event', async () => {
      const rows: unknown[] = await gateway.dataSource.query('SELECT FROM parked_event WHERE body = $1', [
        Buffer.from(spoiled),
      ]);
      return rows.length === 1;
    });
    await erase('canary');
    await isErasedHere('canary');
    const lines = (await dump()).split('\n');
    expect(lines.filter((line) => /canary-person|canary-invoice/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.includes('CanaryBrowser') && !line.includes('bystander'))).toEqual([]);
    expect(lines.filter((line) => line.includes('bystander@example.com')).length).toBeGreaterThan(0);
    expect(lines.filter((line) => /^gateway.preferences: (canary|bystander)/.test(line))).toHaveLength(1);
  });

  it('shuts the user out with a code, on every replica, and closes what they follow', async () => {
    const user = await gateway.as('shut');
    const replica = await gateway.startReplica();
    const elsewhere = await replica.as('shut');
    expect((await elsewhere.api('GET', '/v1/account')).status).toBe(200);
    const stream = await follow(`${gateway.url}/v1/account/events`, user.bearer);
    await waitFor('the first event', () => stream.events.length > 0);
    await erase('shut');
    await waitFor('the end of the stream', () => stream.hasEnded);
    for (const browser of [user, elsewhere]) {
      await waitFor('the door to be shut', async () => (await browser.api('GET', '/v1/account')).status === 410);
      const refused = await browser.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
      expect([refused.status, refused.json['code']]).toEqual([410, 'account_erased']);
      const page = await browser.page('/profile');
      expect([page.status, page.text]).toEqual([410, expect.stringContaining('The account has been erased')]);
    }
  });

  it('is brought back by nothing that comes late', async () => {
    const late = await gateway.as('late', { email: 'late@example.com' });
    await late.api('GET', '/v1/account');
    await erase('late');
    await isErasedHere('late');
    await gateway.announce(anAccount('late', { version: 9 }), { id: 'late-account' });
    await waitFor('the event', async () => {
      const rows: unknown[] = await gateway.dataSource.query(
        `SELECT FROM inbox WHERE event_id = 'late-account' AND reason = 'erased'`,
      );
      return rows.length === 1;
    });
    const backend = await gateway.as('backend', { roles: ['service'] });
    expect((await backend.api('GET', '/v1/users/late/entitlements')).json).toMatchObject({ tier: 0, version: 0 });
    await late.api('POST', '/v1/session');
    expect(await gateway.dataSource.query(`SELECT email FROM app_user WHERE user_id = 'late'`)).toEqual([
      { email: null },
    ]);
  });

  it('lets what comes late and cannot be read be parked as a head alone', async () => {
    const late = await gateway.as('spoiled-late', { email: 'spoiled-late@example.com' });
    await late.api('GET', '/v1/account');
    await erase('spoiled-late');
    await isErasedHere('spoiled-late');
    const spoiled = { user_id: 'spoiled-late', email: 'canary-spoiled@example.com', version: 'none' };
    await gateway.publish('billing.account.changed', JSON.stringify(spoiled));
    await waitFor('the head of it', async () => {
      const rows: unknown[] = await gateway.dataSource.query(
        `SELECT FROM parked_event WHERE body IS NULL AND headers IS NULL AND reason = 'redacted' AND parked_at > now() - interval '20 seconds'`,
      );
      return rows.length > 0;
    });
    expect(await dumpSchema(gateway.adminUrl, 'gateway')).not.toContain('canary-spoiled');
  });

  it('counts no try as failed that is still under way', async () => {
    const user = await gateway.as('under-way');
    await user.api('GET', '/v1/account');
    await erase('under-way');
    await isErasedHere('under-way');
    // As a process leaves it that has just taken the lease.
    await gateway.dataSource.query(
      `UPDATE erasure SET attempts = 1, due_at = now() + interval '30 seconds' WHERE user_id = 'under-way'`,
    );
    expect(await statusOf('under-way')).toMatchObject({ failed_tries: 0, last_error: null, next_try_at: null });
  });

  it('is kept and tried again while Stripe is down, and says so', async () => {
    const { subscriptionId } = await subscribe(gateway, 'patient');
    gateway.simulator.setWeather('failing');
    await erase('patient');
    await waitFor('a failed try', async () => (await statusOf('patient'))['last_error'] === 'stripe_unavailable');
    expect(await statusOf('patient')).toMatchObject({
      state: 'ending_billing',
      waiting_for: ['stripe'],
      billing_ended_at: null,
    });
    expect((await statusOf('patient'))['next_try_at']).not.toBeNull();
    expect(requestsOf('patient')).toEqual([]);
    gateway.simulator.setWeather('clear');
    await isErasedHere('patient');
    expect((await gateway.simulator.stripe.subscriptions.retrieve(subscriptionId)).status).toBe('canceled');
  }, 60_000);

  it('is that of a customer who was deleted at Stripe too', async () => {
    const { customerId } = await subscribe(gateway, 'gone');
    await gateway.simulator.stripe.customers.del(customerId);
    await erase('gone');
    await isErasedHere('gone');
    expect(await statusOf('gone')).toMatchObject({ failed_tries: 0 });
  });
});

const preferences = {
  theme: 'dark',
  notifications: { email: false, sms: false },
  alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
};

describe('whoever asks for an erasure', () => {
  test.each([
    ['of nobody known here', 'nobody-of-this-name', { reason }, 404, 'not_found'],
    ['without a reason', 'olga', {}, 400, 'request_invalid'],
    ['with an address for a reason', 'olga', { reason: 'asked by ann@example.com' }, 400, 'request_invalid'],
    ['with a field too many', 'olga', { reason, at_once: true }, 400, 'request_invalid'],
  ])('%s is refused', async (_, userId, body, status, code) => {
    const refused = await ops.api('POST', `/v1/users/${userId}/erase`, body);
    expect([refused.status, refused.json['code']]).toEqual([status, code]);
  });

  test.each(['user', 'service'])('with the role %s alone is refused', async (role) => {
    const somebody = await gateway.as('somebody', { roles: [role] });
    const refused = await somebody.api('POST', '/v1/users/somebody/erase', { reason });
    expect([refused.status, refused.json['code']]).toEqual([403, 'role_missing']);
    expect((await ops.api('GET', '/v1/users/somebody/erasure')).status).toBe(404);
  });
});
