import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import type { TestBrowser } from '../test-browser.spec-support.js';

/** Everything of Ann's that Mallory might get hold of. */
interface Victim {
  sessionId: string;
  openSessionId: string;
  customerId: string;
  subscriptionId: string;
}

let gateway: TestGateway;
let victim: Victim;
let mallory: TestBrowser;

beforeAll(async () => {
  gateway = await startGateway();
  victim = await aVictim();
  mallory = await gateway.as('mallory');
});
afterAll(() => gateway.stop());

async function aVictim(): Promise<Victim> {
  const ann = await gateway.as('victim-ann');
  const paid = await ann.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  await gateway.simulator.pay(String(paid.json['url']));
  const sessionId = String(paid.json['id']);
  const session = await gateway.simulator.stripe.checkout.sessions.retrieve(sessionId);
  await gateway.announce(anAccount('victim-ann', { version: 1 }));
  const bob = await gateway.as('victim-bob');
  const open = await bob.api('POST', '/v1/checkout-sessions', { tier: 2, billing_cycle: 'yearly' });
  return {
    sessionId,
    openSessionId: String(open.json['id']),
    customerId: idOf(session.customer),
    subscriptionId: idOf(session.subscription),
  };
}

/** What Stripe holds of others than Mallory: nothing that she does may change it. */
async function othersAtStripe(): Promise<unknown> {
  const [subscription, session] = await Promise.all([
    gateway.simulator.stripe.subscriptions.retrieve(victim.subscriptionId),
    gateway.simulator.stripe.checkout.sessions.retrieve(victim.openSessionId),
  ]);
  return { subscription, session };
}

describe('another user’s session', () => {
  test.each(['sessionId', 'openSessionId'] as const)('(%s) is 404 to read, as a made-up one is', async (which) => {
    const [real, madeUp] = await Promise.all([
      mallory.api('GET', `/v1/checkout-sessions/${victim[which]}`),
      mallory.api('GET', '/v1/checkout-sessions/cs_test_madeup'),
    ]);
    expect(real.status).toBe(404);
    const told = ({ json }: typeof real) => ({ ...json, request_id: undefined });
    expect(told(real)).toEqual(told(madeUp));
  });

  it('is 404 on the success page, without Stripe being asked', async () => {
    const before = gateway.simulator.requests.length;
    expect((await mallory.page(`/payment/success?session_id=${victim.sessionId}`)).status).toBe(404);
    expect(gateway.simulator.requests.length).toBe(before);
  });
});

describe('ids of others in places where a careless service would take them', () => {
  const places = () => ({
    user_id: 'victim-ann',
    sub: 'victim-ann',
    customer: victim.customerId,
    customer_id: victim.customerId,
    subscription: victim.subscriptionId,
    subscription_id: victim.subscriptionId,
    session_id: victim.sessionId,
  });

  const headersOf = (): Record<string, string> =>
    Object.fromEntries(Object.entries(places()).map(([name, value]) => [`x-${name.replaceAll('_', '-')}`, value]));

  test.each([
    ['GET', '/v1/account', 200],
    ['POST', '/v1/subscription/cancel', 409],
    ['POST', '/v1/subscription/resume', 409],
    ['POST', '/v1/portal-sessions', 409],
  ])('in the query and in headers of %s %s have no effect', async (method, path, status) => {
    const before = await othersAtStripe();
    const query = new URLSearchParams(places()).toString();
    const answer = await mallory.api(method, `${path}?${query}`, undefined, { ...mallory.bearer, ...headersOf() });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('victim-');
    expect(await othersAtStripe()).toEqual(before);
  });

  test.each(['/v1/subscription/cancel', '/v1/checkout-sessions'])('in the body of %s are refused', async (path) => {
    for (const [name, value] of Object.entries(places())) {
      const answer = await mallory.api('POST', path, { tier: 1, billing_cycle: 'monthly', [name]: value });
      expect([name, answer.status, answer.json['code']]).toEqual([name, 400, 'request_invalid']);
    }
  });

  it('in a form are refused', async () => {
    const answer = await mallory.submit('/cancel-subscription', { immediate: 'true', ...places() });
    expect(answer.status).toBe(400);
  });

  test.each(['/profile', '/manage-subscription', '/pricing'])('in the query of %s have no effect', async (path) => {
    const { text } = await mallory.page(`${path}?${new URLSearchParams(places()).toString()}`);
    expect(text).not.toContain('victim-');
    expect(text).not.toContain(victim.customerId);
    expect(text).not.toMatch(/You(&#39;|')re on Pro|Your plan<\/span>\s*<h2[^>]*>Pro/);
  });

  it('do not lead a checkout to somebody else’s customer', async () => {
    const query = new URLSearchParams({ tier: '1', billing_cycle: 'monthly', ...places() }).toString();
    const answer = await mallory.page(`/create-checkout?${query}`);
    expect(answer.status).toBe(303);
    const sessions = await gateway.simulator.stripe.checkout.sessions.list({ customer: victim.customerId });
    expect(sessions.data.map((session) => session.url)).not.toContain(answer.headers.get('location'));
  });
});

describe('addresses to be sent to', () => {
  test.each(['//evil.example', 'https://evil.example', 'https:\\\\evil.example', 'javascript:alert(1)'])(
    'come from configuration only: %s is nowhere in the answers',
    async (evil) => {
      const query = new URLSearchParams({
        return_to: evil,
        return_url: evil,
        success_url: evil,
        next: evil,
        message: evil,
      });
      for (const path of ['/profile', '/pricing', '/payment/canceled', '/']) {
        const answer = await mallory.page(`${path}?${query.toString()}`);
        expect(answer.headers.get('location') ?? '').not.toContain('evil');
        expect(answer.text).not.toContain('evil');
        expect(answer.text).not.toContain('javascript:');
      }
    },
  );
});
