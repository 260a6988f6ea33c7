import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '@billhook/contracts';
import { samples } from '@billhook/contracts';
import { waitFor } from '@billhook/testing';
import { anAccount, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import type { TestBrowser } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

interface Opened {
  user: TestBrowser;
  sessionId: string;
  url: string;
  successPath: string;
}

async function open(userId: string): Promise<Opened> {
  const user = await gateway.as(userId);
  const { json } = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  const sessionId = String(json['id']);
  return { user, sessionId, url: String(json['url']), successPath: `/payment/success?session_id=${sessionId}` };
}

/** The account as the subscription service announces it once Stripe's events have come. */
async function accountOf(userId: string, sessionId: string, changes: Partial<Account> = {}): Promise<Account> {
  const session = await gateway.simulator.stripe.checkout.sessions.retrieve(sessionId);
  const sample = samples['billing.account.changed'].subscription;
  if (sample === null) throw new Error('the golden account has a subscription');
  return anAccount(userId, { version: 2, subscription: { ...sample, id: idOf(session.subscription) }, ...changes });
}

describe('GET /payment/success (redirect beats the webhook)', () => {
  it('says so once the account does, and leads on to the dashboard', async () => {
    const { user, sessionId, url, successPath } = await open('winner');
    await gateway.simulator.pay(url);
    await gateway.announce(await accountOf('winner', sessionId));
    await waitFor('the plan', async () => (await user.page(successPath)).text.includes('You&#39;re on Pro'));
    const { status, text } = await user.page(successPath);
    expect(status).toBe(200);
    expect(text).toMatch(/<meta http-equiv="refresh" content="\d+;url=https:\/\/app\.example\.com\/dashboard"/);
    await waitFor('the announcement', () =>
      publishedAbout(gateway, 'winner').some((event) => event.type === 'billing.checkout.completed'),
    );
  });

  it('waits by a script of our own, and by loading itself again where none runs', async () => {
    const { user, url, successPath, sessionId } = await open('scripted');
    await gateway.simulator.pay(url);
    const { text, headers } = await user.page(successPath);
    expect(text).toMatch(new RegExp(`data-session="${sessionId}"\\s+data-state="confirming"\\s+data-wait="soon"`));
    expect(text).toMatch(/<noscript><meta http-equiv="refresh"/);
    const address = /<script type="module" src="([^"]+)">/.exec(text)?.[1] ?? '';
    const script = await user.call('GET', address);
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(script.headers.get('cache-control')).toContain('immutable');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toContain('unsafe');
  });

  it('asks for Stripe’s own word after five seconds, once for each purchase, however often it is loaded', async () => {
    const { user, url, successPath, sessionId } = await open('forgotten');
    await gateway.simulator.pay(url);
    await user.page(successPath);
    const pulls = (): Promise<unknown[]> =>
      gateway.dataSource.query(
        `SELECT 1 FROM outbox WHERE type = 'billing.reconcile.requested' AND attributes->>'subject' = 'forgotten'`,
      );
    expect(await pulls()).toEqual([]);
    await gateway.dataSource.query(
      `UPDATE checkout_attempt SET settled_at = now() - interval '5 seconds' WHERE session_id = $1`,
      [sessionId],
    );
    await Promise.all([
      user.page(successPath),
      user.page(successPath),
      user.api('GET', `/v1/checkout-sessions/${sessionId}`),
    ]);
    expect(await pulls()).toHaveLength(1);
    const asked = () =>
      publishedAbout(gateway, 'forgotten').filter((event) => event.type === 'billing.reconcile.requested');
    await waitFor('the announcement', () => asked().length > 0);
    expect(asked()[0]?.data).toEqual({
      user_id: 'forgotten',
      session_id: sessionId,
      reason: 'checkout_not_confirmed',
    });
  });

  it.each([
    ['incomplete', 'One more step', 'href="/manage-subscription"'],
    ['incomplete_expired', 'The payment did not go through', 'href="/pricing"'],
  ])('of a subscription that is %s says: %s', async (status, title, action) => {
    const { user, sessionId, url, successPath } = await open(`waits-${status}`);
    await gateway.simulator.pay(url);
    const { subscription, ...account } = await accountOf(`waits-${status}`, sessionId, { tier: 0 });
    if (subscription === null) throw new Error('the account has a subscription');
    const isOver = status === 'incomplete_expired';
    const waiting = { ...subscription, status, is_active: false, is_canceled: isOver, will_renew: false };
    await gateway.announce({ ...account, subscription: waiting });
    await waitFor('the page', async () => (await user.page(successPath)).text.includes(title));
    expect((await user.page(successPath)).text).toContain(action);
  });

  it('keeps confirming while the event has not come, offers no second purchase, and grants nothing', async () => {
    const { user, url, successPath } = await open('waiter');
    await gateway.simulator.pay(url);
    const { status, text } = await user.page(successPath);
    expect(status).toBe(200);
    expect(text).toContain('Confirming your payment');
    expect(text).toContain(`url=${successPath}`);
    expect(text).not.toContain('/create-checkout');
    expect((await user.api('GET', '/v1/account')).json).toMatchObject({ tier: 0, version: 0 });
  });

  it('announces the completed checkout once, however often the page is loaded', async () => {
    const { user, sessionId, url, successPath } = await open('reloader');
    await gateway.simulator.pay(url);
    await gateway.announce(await accountOf('reloader', sessionId));
    await Promise.all([user.page(successPath), user.page(successPath)]);
    await user.page(successPath);
    await waitFor('the announcement', () =>
      publishedAbout(gateway, 'reloader').some((event) => event.type === 'billing.checkout.completed'),
    );
    const rows: unknown[] = await gateway.dataSource.query(
      `SELECT 1 FROM outbox WHERE type = 'billing.checkout.completed' AND attributes->>'subject' = 'reloader'`,
    );
    expect(rows).toHaveLength(1);
  });

  it('does not take another subscription of the same user for this purchase', async () => {
    const { user, sessionId, url } = await open('two-subscriptions');
    await gateway.simulator.pay(url);
    await gateway.announce(anAccount('two-subscriptions', { version: 1 }));
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 1);
    expect((await user.api('GET', `/v1/checkout-sessions/${sessionId}`)).json['state']).toBe('confirming');
  });

  it('says that nothing has been paid while the session is open, and leads back to it', async () => {
    const { user, url, successPath } = await open('early');
    const { text } = await user.page(successPath);
    expect(text).toContain('Not paid yet');
    expect(text).toContain(`href="${url}"`);
  });

  it('says that the session has expired', async () => {
    const { user, sessionId, successPath } = await open('slow');
    await gateway.simulator.stripe.checkout.sessions.expire(sessionId);
    expect((await user.page(successPath)).text).toContain('This checkout has expired');
  });

  it('leads to the profile when the subscription it tells of has ended', async () => {
    const { user, sessionId, url, successPath } = await open('gone');
    await gateway.simulator.pay(url);
    const { subscription, ...account } = await accountOf('gone', sessionId, { tier: 0 });
    if (subscription === null) throw new Error('the account has a subscription');
    const ended = { ...subscription, status: 'canceled', is_active: false, is_canceled: true, will_renew: false };
    await gateway.announce({ ...account, subscription: ended });
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 2);
    const answer = await user.page(successPath);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile']);
  });

  it('goes on confirming when Stripe cannot be asked', async () => {
    const { user, url, successPath } = await open('stormy');
    await gateway.simulator.pay(url);
    gateway.simulator.setWeather('failing');
    expect((await user.page(successPath)).text).toContain('Confirming your payment');
  });

  it('knows no session without an id, or with a made-up one', async () => {
    const user = await gateway.as('guesser');
    expect((await user.page('/payment/success')).status).toBe(404);
    expect((await user.page('/payment/success?session_id=cs_test_madeup')).status).toBe(404);
    expect((await user.page('/payment/success?session_id=a&session_id=b')).status).toBe(404);
  });
});

describe('GET /payment/canceled', () => {
  it('says that nothing was charged and leads back to the prices; the session stays payable', async () => {
    const { user, sessionId } = await open('hesitant');
    const { status, text } = await user.page('/payment/canceled');
    expect(status).toBe(200);
    expect(text).toContain('Nothing has been charged');
    expect(text).toContain('href="/pricing"');
    expect((await gateway.simulator.stripe.checkout.sessions.retrieve(sessionId)).status).toBe('open');
  });
});

describe('GET /v1/checkout-sessions/:id', () => {
  it('tells how far the purchase has come', async () => {
    const { user, sessionId, url } = await open('watcher');
    const path = `/v1/checkout-sessions/${sessionId}`;
    const plan = { id: sessionId, tier: 1, billing_cycle: 'monthly' };
    expect((await user.api('GET', path)).json).toEqual({ ...plan, state: 'unpaid', subscription_id: null, url });
    await gateway.simulator.pay(url);
    const session = await gateway.simulator.stripe.checkout.sessions.retrieve(sessionId);
    const paid = { ...plan, subscription_id: session.subscription, url: null };
    expect((await user.api('GET', path)).json).toEqual({ ...paid, state: 'confirming' });
    await gateway.announce(await accountOf('watcher', sessionId));
    await waitFor('the account', async () => (await user.api('GET', path)).json['state'] === 'active');
  });
});
