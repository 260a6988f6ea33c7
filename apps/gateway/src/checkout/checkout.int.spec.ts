import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { anAccount, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import type { Answer } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const proMonthly = { tier: 1, billing_cycle: 'monthly' };
const eliteYearly = { tier: 2, billing_cycle: 'yearly' };

async function buy(userId: string, plan: object): Promise<Answer> {
  return (await gateway.as(userId, { email: `${userId}@example.com` })).api('POST', '/v1/checkout-sessions', plan);
}

const customersOf = async (userId: string) =>
  (await gateway.simulator.stripe.customers.list({ limit: 100 })).data.filter(
    (customer) => customer.metadata['user_id'] === userId,
  );

async function sessionsOf(userId: string, status?: 'open' | 'expired' | 'complete') {
  const [customer] = await customersOf(userId);
  if (customer === undefined) return [];
  return (await gateway.simulator.stripe.checkout.sessions.list({ customer: customer.id, status, limit: 100 })).data;
}

const published = (userId: string, type: string) =>
  publishedAbout(gateway, userId).filter((event) => event.type === type);

describe('GET /create-checkout', () => {
  it('leads to a payment page that says whose it is and for what, and announces who went there and from where', async () => {
    const user = await gateway.as('payer', { email: 'payer@example.com' });
    const answer = await user.page('/create-checkout?tier=1&billing_cycle=monthly', {
      'user-agent': 'Firefox/140',
    });
    expect(answer.status).toBe(303);
    const [session] = await sessionsOf('payer', 'open');
    expect(answer.headers.get('location')).toBe(session?.url);
    const metadata = { user_id: 'payer', tier: '1', billing_cycle: 'monthly' };
    expect(session).toMatchObject({
      mode: 'subscription',
      allow_promotion_codes: true,
      client_reference_id: 'payer',
      metadata,
      success_url: `${gateway.publicUrl}/payment/success?session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: `${gateway.publicUrl}/payment/canceled`,
    });
    expect((await customersOf('payer')).map((customer) => customer.email)).toEqual(['payer@example.com']);

    await waitFor('the announcement', () => published('payer', 'billing.checkout.started').length > 0);
    expect(publishedAbout(gateway, 'payer').map((event) => event.type)).toEqual([
      'billing.account.opened',
      'billing.customer.linked',
      'billing.checkout.started',
    ]);
    const started = gateway.tap.events.find(
      (event) => event.routingKey === 'billing.checkout.started' && event.attributes['subject'] === 'payer',
    );
    expect(started?.attributes).toMatchObject({
      actor: 'user:payer',
      remoteaddress: '127.0.0.1',
      useragent: 'Firefox/140',
    });
    expect(JSON.parse(String(started?.body))).toEqual({ user_id: 'payer', ...proMonthly, session_id: session?.id });
  });

  it('says what is allowed when tier or billing cycle are unknown, and asks Stripe nothing', async () => {
    const user = await gateway.as('mistaken');
    const before = gateway.simulator.requests.length;
    const tier = await user.page('/create-checkout?tier=3&billing_cycle=monthly');
    expect(tier.status).toBe(400);
    expect(tier.text).toContain('The tier must be 1 (Pro) or 2 (Elite).');
    const cycle = await user.page('/create-checkout?tier=1&billing_cycle=weekly');
    expect(cycle.status).toBe(400);
    expect(cycle.text).toContain('The billing_cycle must be monthly or yearly.');
    expect((await user.page('/create-checkout')).status).toBe(400);
    expect(gateway.simulator.requests.length).toBe(before);
  });
});

describe('GET /v1/plans', () => {
  it('tells the prices in minor units, what a year saves, and what each plan allows', async () => {
    const { json } = await (await gateway.as('anybody')).api('GET', '/v1/plans', undefined, {});
    expect(json['data']).toEqual([
      expect.objectContaining({ tier: 0, name: 'Free', prices: [] }),
      expect.objectContaining({
        tier: 1,
        prices: [
          { billing_cycle: 'monthly', amount: 999, currency: 'usd', saving: 0, on_sale: true },
          { billing_cycle: 'yearly', amount: 9900, currency: 'usd', saving: 2000, on_sale: true },
        ],
      }),
      expect.objectContaining({
        tier: 2,
        entitlements: expect.objectContaining({ refresh_interval_seconds: 1, sms_alerts: true }),
      }),
    ]);
  });
});

describe('GET /upgrade/:tier', () => {
  it('leads to the checkout of that tier, monthly unless it says otherwise', async () => {
    const user = await gateway.as('upgrader');
    expect((await user.page('/upgrade/2')).headers.get('location')).toBe(
      '/create-checkout?tier=2&billing_cycle=monthly',
    );
    expect((await user.page('/upgrade/1?billing_cycle=yearly')).headers.get('location')).toBe(
      '/create-checkout?tier=1&billing_cycle=yearly',
    );
    expect((await user.page('/upgrade/gold')).status).toBe(400);
  });

  it('leads whoever has a subscription to the preview of a change', async () => {
    await gateway.announce(anAccount('climber', { version: 1 }));
    const user = await gateway.as('climber');
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 1);
    const answer = await user.page('/upgrade/2');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/change-plan?tier=2&billing_cycle=monthly']);
  });
});

describe('POST /v1/checkout-sessions (double subscription, double charge)', () => {
  it('answers 201 with the session and its address', async () => {
    const answer = await buy('by-api', proMonthly);
    expect(answer.status).toBe(201);
    const [session] = await sessionsOf('by-api', 'open');
    expect(answer.json).toEqual({ id: session?.id, url: session?.url });
  });

  test.each([
    [{ tier: 0, billing_cycle: 'monthly' }, 'tier_unknown'],
    [{ tier: '1 ', billing_cycle: 'monthly' }, 'tier_unknown'],
    [{ tier: [1], billing_cycle: 'monthly' }, 'tier_unknown'],
    [{ billing_cycle: 'monthly' }, 'tier_unknown'],
    [{ tier: 1 }, 'billing_cycle_unknown'],
    [{ tier: 1, billing_cycle: 'MONTHLY' }, 'billing_cycle_unknown'],
    [{ ...proMonthly, price_id: 'price_free' }, 'request_invalid'],
    [{ ...proMonthly, user_id: 'rich' }, 'request_invalid'],
  ])('refuses %j as %s', async (body, code) => {
    const answer = await buy('careless', body);
    expect([answer.status, answer.json['code']]).toEqual([400, code]);
  });

  it('makes one customer and one payable page of many clicks at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => buy('hasty', proMonthly)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map((answer) => answer.json['id'])).size).toBe(1);
    expect(await customersOf('hasty')).toHaveLength(1);
    expect(await sessionsOf('hasty')).toHaveLength(1);
  });

  it('closes the page for one plan before it opens one for another', async () => {
    const [first, second] = await Promise.all([buy('torn', proMonthly), buy('torn', eliteYearly)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await sessionsOf('torn', 'open')).toHaveLength(1);
    expect(await sessionsOf('torn', 'expired')).toHaveLength(1);
    await waitFor('the announcement', () => published('torn', 'billing.checkout.expired').length === 1);
  });

  it('refuses the plan that Stripe says is live, even before its event has come', async () => {
    const { json } = await buy('owner', proMonthly);
    await gateway.simulator.pay(String(json['url']));
    const again = await buy('owner', proMonthly);
    expect([again.status, again.json['code']]).toEqual([409, 'already_subscribed']);
    const other = await buy('owner', eliteYearly);
    expect([other.status, other.json['code']]).toEqual([409, 'subscription_exists']);
    expect(await sessionsOf('owner', 'open')).toHaveLength(0);

    const user = await gateway.as('owner');
    const page = await user.page('/create-checkout?tier=1&billing_cycle=monthly');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/profile?message=already_subscribed']);
    expect((await user.page('/profile?message=already_subscribed')).text).toContain('nothing was bought or changed');
    const elsewhere = await user.page('/create-checkout?tier=2&billing_cycle=yearly');
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([
      303,
      '/change-plan?tier=2&billing_cycle=yearly',
    ]);
  });

  it('answers from the read model when that already knows', async () => {
    await gateway.announce(anAccount('known', { version: 1 }));
    const user = await gateway.as('known');
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 1);
    const before = gateway.simulator.requests.length;
    expect((await buy('known', proMonthly)).json['code']).toBe('already_subscribed');
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it('sells again once the subscription has been canceled at Stripe', async () => {
    const { json } = await buy('returner', proMonthly);
    await gateway.simulator.pay(String(json['url']));
    const [session] = await sessionsOf('returner', 'complete');
    await gateway.simulator.stripe.subscriptions.cancel(idOf(session?.subscription));
    expect((await buy('returner', proMonthly)).status).toBe(201);
  });
});

describe('a payment in another tab', () => {
  const liveOf = async (userId: string) => {
    const [customer] = await customersOf(userId);
    return (await gateway.simulator.stripe.subscriptions.list({ customer: customer?.id ?? '' })).data;
  };

  test.each([
    ['before the open pages are listed', /^GET \/v1\/checkout\/sessions/],
    ['before its page is closed', /^POST \/v1\/checkout\/sessions\/.*\/expire/],
  ])('that comes in %s is the only one', async (when, request) => {
    const userId = `tabs-${when.replaceAll(' ', '-')}`;
    const first = await buy(userId, proMonthly);
    gateway.simulator.before(request, () => gateway.simulator.pay(String(first.json['url'])));
    const second = await buy(userId, eliteYearly);
    expect([second.status, second.json['code']]).toEqual([409, 'subscription_exists']);
    expect(await sessionsOf(userId, 'open')).toHaveLength(0);
    expect(await liveOf(userId)).toHaveLength(1);
  });

  it('leaves no page for the same plan open either', async () => {
    const { json } = await buy('elsewhere', proMonthly);
    const [customer] = await customersOf('elsewhere');
    const foreign = await gateway.simulator.stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: customer?.id ?? '',
      line_items: [{ price: 'price_pro_monthly', quantity: 1 }],
      success_url: 'https://app.example.com/',
    });
    await gateway.simulator.pay(String(foreign.url));
    const again = await buy('elsewhere', proMonthly);
    expect(again.json['code']).toBe('already_subscribed');
    const session = await gateway.simulator.stripe.checkout.sessions.retrieve(String(json['id']));
    expect(session.status).toBe('expired');
  });
});

describe('when Stripe is in trouble', () => {
  it('says 502, leaves nothing half-done, announces the failure, and the next try goes through', async () => {
    gateway.simulator.setWeather('failing');
    const failed = await buy('unlucky', proMonthly);
    expect([failed.status, failed.json['code']]).toEqual([502, 'stripe_unavailable']);
    await waitFor('the announcement', () => published('unlucky', 'billing.checkout.failed').length > 0);
    expect(published('unlucky', 'billing.checkout.failed')[0]?.data).toEqual({
      user_id: 'unlucky',
      ...proMonthly,
      session_id: null,
      reason: 'stripe_unavailable',
    });
    gateway.simulator.setWeather('clear');
    expect((await buy('unlucky', proMonthly)).status).toBe(201);
    expect(await customersOf('unlucky')).toHaveLength(1);
  });

  it('says 504 when Stripe hangs, and shows people a page', async () => {
    gateway.simulator.setWeather('hanging');
    const user = await gateway.as('patient');
    // The deadline is counted in deadline.spec.ts; this is to come far below the SDK's own four minutes, on a busy machine too.
    const started = Date.now();
    const answer = await user.page('/create-checkout?tier=1&billing_cycle=monthly');
    expect(Date.now() - started).toBeLessThan(15_000);
    expect(answer.status).toBe(504);
    expect(answer.text).toContain('Stripe did not answer in time');
    gateway.simulator.setWeather('clear');
    expect((await buy('patient', proMonthly)).status).toBe(201);
  }, 20_000);

  it.each([
    ['customer', /^POST \/v1\/customers/],
    ['session', /^POST \/v1\/checkout\/sessions$/],
  ])('makes one %s although the answer to its creation was lost', async (what, only) => {
    const userId = `lost-${what}`;
    gateway.simulator.setWeather('answers_lost', only);
    expect((await buy(userId, proMonthly)).status).toBe(502);
    gateway.simulator.setWeather('clear');
    const answer = await buy(userId, proMonthly);
    expect(answer.status).toBe(201);
    expect(await customersOf(userId)).toHaveLength(1);
    const open = await sessionsOf(userId, 'open');
    expect(open.map((session) => session.id)).toEqual([answer.json['id']]);
  });

  it('does not hold up anybody’s reads while checkouts wait for it', async () => {
    gateway.simulator.setWeather('hanging');
    const before = gateway.simulator.requests.length;
    const waiting = Array.from({ length: 12 }, (_, index) => buy(`queue-${index}`, proMonthly));
    await waitFor('Stripe to be asked by many', () => gateway.simulator.requests.length >= before + 8);
    const reader = await gateway.as('reader');
    const read = reader.api('GET', '/v1/account');
    const first = await Promise.race([read, ...waiting]);
    expect(first).toBe(await read);
    expect(first.status).toBe(200);
    gateway.simulator.setWeather('clear');
    const answers = await Promise.all(waiting);
    expect(answers.filter((answer) => ![201, 503, 504].includes(answer.status))).toEqual([]);
  });
});
