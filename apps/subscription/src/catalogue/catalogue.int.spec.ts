import { LiveCatalogue } from '@billhook/catalogue';
import type { RunningService } from '@billhook/runtime';
import { aPrice, started, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SubscriptionConfig } from '../config.js';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { Replica } from '../replica.spec-support.js';
import { World } from '../running-service.spec-support.js';

const byLookupKey = { STRIPE_ELITE_MONTHLY_PRICE_ID: 'lookup:elite_monthly' };
const folder = mkdtempSync(join(tmpdir(), 'billhook-plans-'));

let world: World;
let service: RunningService;

beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.end());
afterAll(() => rmSync(folder, { recursive: true }));

async function start(overrides: Partial<SubscriptionConfig>): Promise<void> {
  service = await world.start(overrides);
}

async function restart(overrides: Partial<SubscriptionConfig>): Promise<void> {
  await world.stop(service);
  await start(overrides);
}

/** Somebody subscribes, and Stripe knows it. */
async function subscribe(story: CustomerStory, priceId: string): Promise<void> {
  const subscription = story.onPrice(priceId);
  world.stripe.subscriptions.set(story.subscriptionId, subscription);
  const event = story.created(0, subscription);
  await world.publish(event);
  expect(await world.outcomesOf(event.id)).toEqual(['applied']);
}

const compare = () => service.app.get(LiveCatalogue).compare();
const hasTier = (story: CustomerStory, tier: number) =>
  waitFor(`tier ${tier} of ${story.name}`, async () => (await world.accountOf(story.userId))?.tier === tier);

describe('a price named by its lookup key', () => {
  it('gives its tier to who bought it before the key could be resolved, as soon as it can', async () => {
    world.stripe.prices.answers = false;
    world.stripe.prices.set(
      'price_2027',
      aPrice({ id: 'price_2027', lookup_key: 'elite_monthly', unit_amount: 2_999 }),
    );
    await start(byLookupKey);
    const story = new CustomerStory('early');
    await subscribe(story, 'price_2027');
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0, subscription: { tier: null } });

    world.stripe.prices.answers = true;
    await hasTier(story, 2);
    expect(await world.accountOf(story.userId)).toMatchObject({ subscription: { tier: 2, billing_cycle: 'monthly' } });
    expect(await world.told('billing.tier.changed', story.userId)).toMatchObject([{ from: 0, to: 2 }]);
  });

  it('keeps giving its tier after the key has moved on to another price, also without Stripe', async () => {
    const old = aPrice({ id: 'price_2026', lookup_key: 'elite_monthly', unit_amount: 2_999 });
    world.stripe.prices.set(old.id, old);
    await start(byLookupKey);
    expect(await compare()).toBe(true);
    const story = new CustomerStory('loyal');
    await subscribe(story, old.id);
    await hasTier(story, 2);

    world.stripe.prices.set(old.id, { ...old, lookup_key: null });
    world.stripe.prices.set(
      'price_2027',
      aPrice({ id: 'price_2027', lookup_key: 'elite_monthly', unit_amount: 3_999 }),
    );
    expect(await compare()).toBe(true);
    world.stripe.prices.answers = false;
    await restart(byLookupKey);
    const [onOld, newcomer] = [story.onPrice(old.id, { cancel_at_period_end: true }), new CustomerStory('new')];
    const change = story.updated(5, onOld, { cancel_at_period_end: false });
    await world.publish(change);
    await world.outcomesOf(change.id);
    await subscribe(newcomer, 'price_2027');
    expect(await world.accountOf(story.userId)).toMatchObject({
      tier: 2,
      subscription: { cancel_at_period_end: true },
    });
    expect(await world.accountOf(newcomer.userId)).toMatchObject({ tier: 2 });
  });
});

describe('a price, or a status, that nobody here knows', () => {
  const counted = async (code: string) => {
    const metrics = await (await fetch(`${service.managementUrl}/metrics`)).text();
    return new RegExp(`billhook_subscriptions_not_understood{code="${code}"} (\\d+)`).exec(metrics)?.[1];
  };
  const isCounted = (code: string, count: string) =>
    waitFor(`${count} of ${code}`, async () => (await counted(code)) === count);

  it('is counted with each comparison for as long as somebody is on it, and takes nothing', async () => {
    await start({});
    const [pro, ended, sleeper] = [
      new CustomerStory('legacy'),
      new CustomerStory('ended'),
      new CustomerStory('asleep'),
    ];
    for (const story of [pro, ended, sleeper]) await subscribe(story, 'price_pro_monthly');
    const events = [
      pro.updated(5, pro.onPrice('price_2019'), { items: pro.subscription().items }),
      ended.updated(5, ended.onPrice('price_2019'), { items: ended.subscription().items }),
      ended.deleted(6),
      sleeper.updated(5, sleeper.subscription({ status: 'hibernating' }), { status: 'active' }),
    ];
    await world.publish(...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    expect(await compare()).toBe(true);
    await isCounted('price_unknown', '1');
    await isCounted('status_unknown', '1');
    for (const story of [pro, sleeper]) expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });

    world.stripe.prices.set('price_2019', aPrice({ id: 'price_2019', active: false, unit_amount: 499 }));
    await restart({ STRIPE_PRO_LEGACY_PRICE_IDS: ['price_2019'] });
    await isCounted('price_unknown', '0');
    await isCounted('status_unknown', '1');
  });
});

describe('a change of the settings', () => {
  it('gives who is on a price that nobody knew its tier, without waiting for an event', async () => {
    await start({});
    const story = new CustomerStory('veteran');
    await subscribe(story, 'price_2019');
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0, subscription: { tier: null } });

    world.stripe.prices.set('price_2019', aPrice({ id: 'price_2019', active: false, unit_amount: 499 }));
    await restart({ STRIPE_PRO_LEGACY_PRICE_IDS: ['price_2019'] });
    await hasTier(story, 1);
    await waitFor('the cycle', async () => {
      const account = await world.accountOf(story.userId);
      return account?.subscription?.billing_cycle === 'monthly';
    });
  });

  it('leaves the tier of who is on a price that the settings name no more', async () => {
    await start({});
    expect(await compare()).toBe(true);
    const story = new CustomerStory('kept');
    await subscribe(story, 'price_pro_monthly');
    world.stripe.prices.set('price_dearer', aPrice({ id: 'price_dearer', unit_amount: 999 }));
    await restart({ STRIPE_PRO_MONTHLY_PRICE_ID: 'price_dearer' });
    expect(await compare()).toBe(true);
    const change = story.updated(5, story.subscription({ cancel_at: started + 900 }), { cancel_at: null });
    await world.publish(change);
    await world.outcomesOf(change.id);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1, subscription: { tier: 1 } });
  });

  it('tells every account what its plan allows now, once', async () => {
    await start({});
    const [pro, elite] = [new CustomerStory('pro'), new CustomerStory('elite')];
    await subscribe(pro, 'price_pro_monthly');
    await subscribe(elite, 'price_elite_monthly');
    const file = join(folder, 'plans.json');
    writeFileSync(file, JSON.stringify({ pro: { entitlements: { alerts_limit: 75 } } }));
    await restart({ PLAN_CATALOGUE_FILE: file });
    await waitFor('the new limit', async () => (await world.accountOf(pro.userId))?.entitlements.alerts_limit === 75);
    await restart({ PLAN_CATALOGUE_FILE: file });
    const told = await world.told('billing.account.changed', pro.userId);
    expect(told.map(({ version, entitlements }) => [version, entitlements.alerts_limit])).toEqual([
      [1, 50],
      [2, 75],
    ]);
    expect(await world.told('billing.account.changed', elite.userId)).toHaveLength(1);
    expect(await world.told('billing.tier.changed', pro.userId)).toHaveLength(1);
  });
});

describe('a roll-out of settings that honour one price more', () => {
  const legacy = { STRIPE_PRO_LEGACY_PRICE_IDS: ['price_2019'] };

  beforeEach(() => {
    world.stripe.prices.set('price_2019', aPrice({ id: 'price_2019', active: false, unit_amount: 499 }));
  });

  it('mends with the next comparison what a replica of the settings before has decided meanwhile', async () => {
    await start(legacy);
    expect(await compare()).toBe(true);
    const before = await Replica.connect(world.databaseUrl);
    const story = new CustomerStory('between');
    const subscription = story.onPrice('price_2019');
    world.stripe.subscriptions.set(story.subscriptionId, subscription);
    await before.take(fromStripe(story.created(0, subscription)));
    await before.end();
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0, subscription: { tier: null } });

    expect(await compare()).toBe(true);
    await hasTier(story, 1);
  });

  it('has a replica of the settings before know the price from its own next comparison on', async () => {
    await start({});
    const before = service.app.get(LiveCatalogue);
    expect(await before.compare()).toBe(true);
    expect(before.current().meanings.has('price_2019')).toBe(false);
    await start(legacy);
    expect(await compare()).toBe(true);
    expect(await before.compare()).toBe(true);
    expect(before.current().meanings.get('price_2019')).toEqual({ tier: 1, billingCycle: 'monthly' });
  });
});

describe('a price that is not as configured', () => {
  it('stops no event, and is told in the readiness', async () => {
    world.stripe.prices.delete('price_pro_monthly');
    await start({});
    expect(await compare()).toBe(true);
    const story = new CustomerStory('payer');
    await subscribe(story, 'price_pro_monthly');
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    const answer = await fetch(`${service.managementUrl}/health/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('STRIPE_PRO_MONTHLY_PRICE_ID: configured price_pro_monthly; Stripe says');
  });
});
