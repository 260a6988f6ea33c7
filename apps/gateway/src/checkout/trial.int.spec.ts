import { samples } from '@billhook/contracts';
import { waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import type { Answer } from '../test-browser.spec-support.js';

const folder = mkdtempSync(join(tmpdir(), 'billhook-trial-'));
const proMonthly = { tier: 1, billing_cycle: 'monthly' };
const eliteMonthly = { tier: 2, billing_cycle: 'monthly' };

let gateway: TestGateway;
beforeAll(async () => {
  const file = join(folder, 'plans.json');
  writeFileSync(file, JSON.stringify({ pro: { trial_days: 14 }, elite: { trial_days: 7 } }));
  gateway = await startGateway({ PLAN_CATALOGUE_FILE: file });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => gateway.simulator.setWeather('clear'));

async function buy(userId: string, plan: object): Promise<Answer> {
  return (await gateway.as(userId)).api('POST', '/v1/checkout-sessions', plan);
}

async function customerOf(userId: string): Promise<string> {
  const { data } = await gateway.simulator.stripe.customers.list({ limit: 100 });
  const found = data.find((customer) => customer.metadata['user_id'] === userId);
  if (found === undefined) throw new Error(`${userId} has no customer`);
  return found.id;
}

/** Pays at Stripe; what has come of it. */
async function subscriptionOf(answer: Answer): Promise<Stripe.Subscription> {
  const { stripe } = gateway.simulator;
  await gateway.simulator.pay(String(answer.json['url']));
  const session = await stripe.checkout.sessions.retrieve(String(answer.json['id']));
  return stripe.subscriptions.retrieve(idOf(session.subscription));
}

function trialDays({ trial_start: start, trial_end: end }: Stripe.Subscription): number {
  return start === null || end === null ? 0 : Math.round((end - start) / 86_400);
}

describe('a first subscription', () => {
  it('is free for as long as its plan says', async () => {
    const subscription = await subscriptionOf(await buy('novice', proMonthly));
    expect(subscription.status).toBe('trialing');
    expect(trialDays(subscription)).toBe(14);
    expect(trialDays(await subscriptionOf(await buy('rich', eliteMonthly)))).toBe(7);
  });

  it('is offered so by GET /v1/plans and on the page', async () => {
    const { json } = await (await gateway.as('reader')).api('GET', '/v1/plans');
    expect(json['data']).toMatchObject([{ trial_days: 0 }, { trial_days: 14 }, { trial_days: 7 }]);
    expect((await (await gateway.as('reader')).page('/pricing')).text).toContain('Your first 14 days are free');
  });

  it('is one of two tabs’: what one of them bought and canceled, the other does not try again', async () => {
    const [one, other] = await Promise.all([buy('tabs', proMonthly), buy('tabs', proMonthly)]);
    expect(one.json['id']).toBe(other.json['id']);
    const subscription = await subscriptionOf(one);
    expect(trialDays(subscription)).toBe(14);
    await gateway.simulator.stripe.subscriptions.cancel(subscription.id);
    expect(trialDays(await subscriptionOf(await buy('tabs', eliteMonthly)))).toBe(0);
  });
});

describe('a second subscription (trial abuse)', () => {
  it('is paid from its first day, although no event of the first has come', async () => {
    const first = await subscriptionOf(await buy('returner', proMonthly));
    await gateway.simulator.stripe.subscriptions.cancel(first.id);
    const second = await subscriptionOf(await buy('returner', proMonthly));
    expect([second.status, trialDays(second)]).toEqual(['active', 0]);
  });

  it('is paid with another customer too: the trial is the user’s', async () => {
    const first = await subscriptionOf(await buy('mover', proMonthly));
    const path = `/v1/checkout-sessions/${(await gateway.simulator.stripe.checkout.sessions.list({ subscription: first.id })).data[0]?.id}`;
    expect((await (await gateway.as('mover')).api('GET', path)).json['state']).toBe('confirming');
    await gateway.simulator.stripe.subscriptions.cancel(first.id);
    const fresh = await gateway.simulator.stripe.customers.create({ metadata: { user_id: 'mover' } });
    await gateway.dataSource.query('UPDATE customer SET customer_id = $2 WHERE user_id = $1', ['mover', fresh.id]);
    const second = await subscriptionOf(await buy('mover', proMonthly));
    expect([second.customer, trialDays(second)]).toEqual([fresh.id, 0]);
  });

  it('is paid by who had a trial of which only the account tells', async () => {
    const { subscription } = samples['billing.account.changed'];
    if (subscription === null) throw new Error('the golden account has a subscription');
    const ended = { ...subscription, status: 'canceled', is_active: false, is_canceled: true };
    const before = { ...ended, trial_end: '2025-01-15T00:00:00.000Z' };
    await gateway.announce(anAccount('veteran', { version: 1, tier: 0, subscription: before }));
    await gateway.announce(anAccount('veteran', { version: 2, tier: 0, subscription: ended }));
    const user = await gateway.as('veteran');
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 2);
    expect(trialDays(await subscriptionOf(await buy('veteran', proMonthly)))).toBe(0);
  });
});

describe('an open page', () => {
  it('with a trial is closed once the user has had one', async () => {
    const page = await buy('collector', proMonthly);
    await gateway.simulator.stripe.subscriptions.create({
      customer: await customerOf('collector'),
      items: [{ price: 'price_elite_monthly' }],
      trial_period_days: 3,
    });
    const { data } = await gateway.simulator.stripe.subscriptions.list({ customer: await customerOf('collector') });
    await gateway.simulator.stripe.subscriptions.cancel(data[0]?.id ?? '');
    const next = await buy('collector', proMonthly);
    expect(next.json['id']).not.toBe(page.json['id']);
    const closed = await gateway.simulator.stripe.checkout.sessions.retrieve(String(page.json['id']));
    expect(closed.status).toBe('expired');
    expect(trialDays(await subscriptionOf(next))).toBe(0);
  });

  it('whose answer was lost is no second one', async () => {
    gateway.simulator.setWeather('answers_lost', /^POST \/v1\/checkout\/sessions$/);
    expect((await buy('lost', proMonthly)).status).toBe(502);
    gateway.simulator.setWeather('clear');
    const found = await buy('lost', proMonthly);
    const customer = await customerOf('lost');
    const open = await gateway.simulator.stripe.checkout.sessions.list({ customer, status: 'open' });
    expect(open.data.map(({ id }) => id)).toEqual([found.json['id']]);
    expect(trialDays(await subscriptionOf(found))).toBe(14);
  });
});
