import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
import type { Subscriber } from '../subscriber.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const elite = { tier: 2, billing_cycle: 'monthly' } as const;
const pro = { tier: 1, billing_cycle: 'monthly' } as const;

/** Somebody who has seen what a change comes to, and can confirm it. */
interface Ready extends Subscriber {
  confirm: () => ReturnType<Subscriber['user']['api']>;
}

async function readyFor(userId: string, wanted: typeof elite | typeof pro): Promise<Ready> {
  const subscriber = await subscribe(gateway, userId, wanted === elite ? pro : elite);
  const { user } = subscriber;
  const { json } = await user.api('POST', '/v1/subscription/change-preview', wanted);
  const body = { ...wanted, proration_date: json['proration_date'] };
  return { ...subscriber, confirm: () => user.api('POST', '/v1/subscription/change', body) };
}

async function atStripe({ subscriptionId }: Subscriber) {
  const { stripe } = gateway.simulator;
  const subscription = await stripe.subscriptions.retrieve(subscriptionId, { expand: ['schedule'] });
  const invoices = await stripe.invoices.list({ subscription: subscriptionId });
  return {
    price: subscription.items.data[0]?.price.id,
    schedule: subscription.schedule,
    invoices: invoices.data.length,
  };
}

describe('a change of plan', () => {
  it('F53: is 504 within ten seconds when Stripe hangs, changes nothing, and goes through afterwards', async () => {
    const ready = await readyFor('hung', elite);
    gateway.simulator.setWeather('hanging', /^POST /);
    const began = performance.now();
    const answer = await ready.confirm();
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([answer.status, answer.json['code']]).toEqual([504, 'stripe_timeout']);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect((await ready.user.api('GET', '/v1/account')).json['pending']).toBeNull();
    gateway.simulator.setWeather('clear');
    expect(await atStripe(ready)).toMatchObject({ price: 'price_pro_monthly', invoices: 1 });
    expect((await ready.confirm()).status).toBe(200);
  });

  it.each([
    ['dearer', 'price_elite_monthly', elite, 'price_pro_monthly'],
    ['cheaper', 'price_pro_monthly', pro, 'price_elite_monthly'],
  ])('F58: to a %s price that was put out of use says so, and changes nothing', async (name, gone, wanted, kept) => {
    const ready = await readyFor(`late-for-${name}`, wanted);
    const { stripe } = gateway.simulator;
    await stripe.prices.update(gone, { active: false });
    try {
      for (const answer of [
        await ready.user.api('POST', '/v1/subscription/change-preview', wanted),
        await ready.confirm(),
      ])
        expect([answer.status, answer.json['code']]).toEqual([409, 'price_gone']);
      expect((await ready.user.api('GET', '/v1/account')).json['pending']).toBeNull();
      expect(await atStripe(ready)).toMatchObject({ price: kept, invoices: 1 });
    } finally {
      await stripe.prices.update(gone, { active: true });
    }
    expect((await ready.user.api('POST', '/v1/subscription/change-preview', wanted)).status).toBe(200);
  });

  it('F54: goes through although Stripe says 429 once', async () => {
    const ready = await readyFor('crowded', elite);
    gateway.simulator.setWeather('first_refused', /^POST /);
    expect((await ready.confirm()).status).toBe(200);
    expect(await atStripe(ready)).toMatchObject({ price: 'price_elite_monthly', invoices: 2 });
  });

  it('F55: is made once although the answer to it is lost every time', async () => {
    const ready = await readyFor('unheard', elite);
    gateway.simulator.setWeather('answers_lost', /^POST /);
    expect((await ready.confirm()).status).toBe(502);
    gateway.simulator.setWeather('clear');
    const answer = await ready.confirm();
    expect([answer.status, answer.json['code']]).toEqual([200, undefined]);
    expect(await atStripe(ready)).toMatchObject({ price: 'price_elite_monthly', invoices: 2 });
  });

  test.each([
    ['made', /^POST \/v1\/subscription_schedules$/],
    ['filled', /^POST \/v1\/subscription_schedules\/.+/],
  ])(
    'F55: at the period’s end is planned once although the answer is lost when its schedule is %s',
    async (what, only) => {
      const ready = await readyFor(`schedule-${what}`, pro);
      gateway.simulator.setWeather('answers_lost', only);
      expect((await ready.confirm()).status).toBe(502);
      gateway.simulator.setWeather('clear');
      expect((await ready.confirm()).status).toBe(200);
      const { price, schedule } = await atStripe(ready);
      expect([price, typeof schedule === 'object' && schedule?.phases.length]).toEqual(['price_elite_monthly', 2]);
    },
  );

  it('F57: asks a Stripe that fails twice at most, says 502 at once, and leaves the profile as quick as ever', async () => {
    const ready = await readyFor('outage', elite);
    gateway.simulator.setWeather('failing');
    const before = gateway.simulator.requests.length;
    const answer = await ready.confirm();
    expect([answer.status, answer.json['code']]).toEqual([502, 'stripe_unavailable']);
    expect(gateway.simulator.requests.length - before).toBeLessThanOrEqual(2);
    const tenPages = async (): Promise<number> => {
      const asked = gateway.simulator.requests.length;
      const pages = await Promise.all(Array.from({ length: 10 }, () => ready.user.page('/profile')));
      expect(pages.map((page) => page.status)).toEqual(Array(10).fill(200));
      return gateway.simulator.requests.length - asked;
    };
    // Card and invoices, each twice at most, for all twenty together: then it is known that Stripe is away. The second try of
    // one may come when the other's failure has been answered.
    expect((await tenPages()) + (await tenPages())).toBeLessThanOrEqual(4);
  });

  it('F58: is 409 for a customer who was deleted at Stripe, and no error of ours', async () => {
    const ready = await readyFor('deleted', elite);
    await gateway.simulator.stripe.customers.del(ready.customerId);
    const answer = await ready.confirm();
    expect([answer.status, answer.json['code']]).toEqual([409, 'no_subscription']);
  });

  it('F59: is one change, however often it is clicked', async () => {
    const ready = await readyFor('hammerer', elite);
    const before = gateway.simulator.requests.length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => ready.confirm()));
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    const changes = gateway.simulator.requests.slice(before).filter((request) => request.startsWith('POST'));
    expect(changes).toEqual([`POST /v1/subscriptions/${ready.subscriptionId}`]);
    expect(await atStripe(ready)).toMatchObject({ price: 'price_elite_monthly', invoices: 2 });
    const requested = () =>
      publishedAbout(gateway, 'hammerer').filter((event) => event.type === 'billing.change.requested');
    await waitFor('the announcement', () => requested().length > 0);
    expect(requested()).toHaveLength(1);
  });
});
