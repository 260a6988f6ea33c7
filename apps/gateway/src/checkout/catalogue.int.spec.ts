import { LiveCatalogue } from '@billhook/catalogue';
import { waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import type { Answer } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    STRIPE_PRO_MONTHLY_PRICE_ID: 'lookup:pro_monthly',
    STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_made_up',
    STRIPE_ELITE_YEARLY_PRICE_ID: 'lookup:elite_yearly_2027',
  });
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

async function buy(userId: string, plan: object): Promise<Answer> {
  return (await gateway.as(userId)).api('POST', '/v1/checkout-sessions', plan);
}

/** The prices of a tier as GET /v1/plans tells them. */
async function pricesOf(tier: number): Promise<unknown> {
  const { json } = await (await gateway.as('reader')).api('GET', '/v1/plans');
  const plans = Array.isArray(json['data']) ? json['data'] : [];
  return plans.find((plan: { tier: number }) => plan.tier === tier)?.prices;
}

const makePrice = (amount: number, lookupKey: string) =>
  gateway.simulator.stripe.prices.create({
    currency: 'usd',
    product: 'prod_elite',
    unit_amount: amount,
    recurring: { interval: 'year' },
    lookup_key: lookupKey,
  });

async function soldPriceOf(answer: Answer): Promise<string | undefined> {
  const items = await gateway.simulator.stripe.checkout.sessions.listLineItems(String(answer.json['id']));
  return items.data[0]?.price?.id;
}

describe('a price that is not as configured', () => {
  it('is told to the operator, setting by setting, and takes nobody’s readiness away', async () => {
    const replica = await gateway.startReplica();
    await waitFor('the comparison', () => replica.service.app.get(LiveCatalogue).compare());
    const answer = await waitFor('the replica to be ready', async () => {
      const asked = await fetch(`${replica.service.managementUrl}/health/ready`);
      return asked.ok && asked;
    });
    const body: unknown = await answer.json();
    expect(body).toMatchObject({
      details: {
        catalogue: {
          status: 'up',
          message: expect.stringMatching(
            /STRIPE_ELITE_MONTHLY_PRICE_ID: configured price_made_up; Stripe says there is no such price.* \| .*lookup:elite_yearly_2027/,
          ),
        },
      },
    });
    const metrics = await (await fetch(`${replica.service.managementUrl}/metrics`)).text();
    expect(metrics).toContain('billhook_catalogue_problems{code="price_missing"} 2');
  });

  it('is not sold, neither by the API nor on the page', async () => {
    const answer = await buy('unlucky', { tier: 2, billing_cycle: 'monthly' });
    expect([answer.status, answer.json['code']]).toEqual([503, 'plan_not_on_sale']);
    const { text } = await (await gateway.as('unlucky')).page('/pricing');
    expect(text).not.toContain('tier=2&amp;billing_cycle=monthly');
    expect(text).toContain('tier=1&amp;billing_cycle=monthly');
    expect(await pricesOf(2)).toMatchObject([{ on_sale: false }, { on_sale: false }]);
  });
});

describe('a price named by its lookup key', () => {
  it('is what Stripe says the key stands for', async () => {
    expect(await soldPriceOf(await buy('finder', { tier: 1, billing_cycle: 'monthly' }))).toBe('price_pro_monthly');
  });

  it('is sold once the key is given to a price, for what Stripe charges', async () => {
    const price = await makePrice(34_900, 'elite_yearly_2027');
    expect(await gateway.app.get(LiveCatalogue).compare()).toBe(true);
    expect(await pricesOf(2)).toMatchObject([{}, { billing_cycle: 'yearly', amount: 34_900, on_sale: true }]);
    expect(await soldPriceOf(await buy('patient', { tier: 2, billing_cycle: 'yearly' }))).toBe(price.id);
    const { detail } = await gateway.app.get(LiveCatalogue).readiness();
    expect(detail).toContain('configured lookup:elite_yearly_2027 (29900 usd); Stripe says 34900 usd');
  });

  it('is sold by a process that starts while Stripe is away, as what it was last', async () => {
    gateway.simulator.setWeather('failing', /^GET \/v1\/prices/);
    const replica = await gateway.startReplica();
    const live = replica.service.app.get(LiveCatalogue);
    expect(await live.compare()).toBe(false);
    expect((await live.readiness()).detail).toContain('not compared with Stripe: stripe_unavailable');
    const user = await replica.as('early');
    const answer = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
    expect(await soldPriceOf(answer)).toBe('price_pro_monthly');
  });
});
