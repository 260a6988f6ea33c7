import { describe, expect, it, test } from '@jest/globals';
import { catalogueFor, nothingKnown } from './catalogue-settings.js';
import type { CatalogueSettings, PriceKnowledge, PriceSetting, RememberedPrice } from './catalogue-settings.js';
import { planForPrice, planOf, priceOnSale, seedTerms } from './plan-catalogue.js';
import { describeProblem, priceProblems } from './price-check.js';
import type { PriceFacts } from './price-facts.js';

const proMonthly: PriceSetting = {
  setting: 'STRIPE_PRO_MONTHLY_PRICE_ID',
  tier: 1,
  reference: 'price_pm',
  billingCycle: 'monthly',
};
const eliteYearly: PriceSetting = {
  setting: 'STRIPE_ELITE_YEARLY_PRICE_ID',
  tier: 2,
  reference: 'lookup:elite_yearly',
  billingCycle: 'yearly',
};
const proLegacy: PriceSetting = {
  setting: 'STRIPE_PRO_LEGACY_PRICE_IDS',
  tier: 1,
  reference: 'price_old',
  billingCycle: null,
};
const settings: CatalogueSettings = { prices: [proMonthly, eliteYearly, proLegacy], terms: seedTerms };

function facts(changes: Partial<PriceFacts> = {}): PriceFacts {
  return {
    priceId: 'price_pm',
    isActive: true,
    currency: 'usd',
    amount: 999,
    interval: 'month',
    intervalCount: 1,
    ...changes,
  };
}
const yearly = facts({ priceId: 'price_ey', amount: 29_900, interval: 'year' });

function knowing(answers: Record<string, PriceFacts | null>, remembered: RememberedPrice[] = []): PriceKnowledge {
  return { answers: new Map(Object.entries(answers)), remembered };
}

describe('the catalogue of what is configured', () => {
  it('sells by id before Stripe has been asked, and sells nothing under a lookup key that was never resolved', () => {
    const catalogue = catalogueFor(settings, nothingKnown);
    expect(priceOnSale(catalogue, 1, 'monthly')).toBe('price_pm');
    expect(priceOnSale(catalogue, 2, 'yearly')).toBeNull();
  });

  it('sells under a lookup key what Stripe says it stands for', () => {
    const catalogue = catalogueFor(settings, knowing({ 'lookup:elite_yearly': yearly }));
    expect(priceOnSale(catalogue, 2, 'yearly')).toBe('price_ey');
    expect(planForPrice(catalogue, 'price_ey')).toEqual({ kind: 'known', tier: 2, billingCycle: 'yearly' });
  });

  it('shows what Stripe will charge, not what it was thought to cost', () => {
    const catalogue = catalogueFor(settings, knowing({ price_pm: facts({ amount: 1299, currency: 'eur' }) }));
    expect(planOf(catalogue, 1).prices[0]).toMatchObject({ amount: 1299, currency: 'eur', isOnSale: true });
  });

  it('honours a legacy price from the first moment, and learns its cycle from Stripe', () => {
    expect(planForPrice(catalogueFor(settings, nothingKnown), 'price_old')).toMatchObject({
      tier: 1,
      billingCycle: null,
    });
    const told = knowing({ price_old: facts({ priceId: 'price_old', isActive: false, interval: 'year' }) });
    expect(planForPrice(catalogueFor(settings, told), 'price_old')).toMatchObject({ tier: 1, billingCycle: 'yearly' });
  });

  it('keeps the tier of a price that its lookup key has left', () => {
    const remembered: RememberedPrice[] = [
      { priceId: 'price_ey_old', tier: 2, billingCycle: 'yearly', reference: 'lookup:elite_yearly' },
    ];
    const catalogue = catalogueFor(settings, knowing({ 'lookup:elite_yearly': yearly }, remembered));
    expect(priceOnSale(catalogue, 2, 'yearly')).toBe('price_ey');
    expect(planForPrice(catalogue, 'price_ey_old')).toMatchObject({ tier: 2, billingCycle: 'yearly' });
  });

  it('goes on selling what a lookup key last stood for while Stripe cannot be asked', () => {
    const remembered: RememberedPrice[] = [
      { priceId: 'price_ey', tier: 2, billingCycle: 'yearly', reference: 'lookup:elite_yearly' },
      { priceId: 'price_ey_old', tier: 2, billingCycle: 'yearly', reference: 'lookup:elite_yearly' },
    ];
    expect(priceOnSale(catalogueFor(settings, knowing({}, remembered)), 2, 'yearly')).toBe('price_ey');
  });

  it('sells nothing more under a lookup key that Stripe has taken away, and keeps what was bought', () => {
    const remembered: RememberedPrice[] = [
      { priceId: 'price_ey', tier: 2, billingCycle: 'yearly', reference: 'lookup:elite_yearly' },
    ];
    const catalogue = catalogueFor(settings, knowing({ 'lookup:elite_yearly': null }, remembered));
    expect(priceOnSale(catalogue, 2, 'yearly')).toBeNull();
    expect(planForPrice(catalogue, 'price_ey')).toMatchObject({ kind: 'known', tier: 2 });
  });

  it('goes by the settings where the memory says otherwise', () => {
    const remembered: RememberedPrice[] = [
      { priceId: 'price_pm', tier: 2, billingCycle: 'monthly', reference: 'price_pm' },
    ];
    expect(planForPrice(catalogueFor(settings, knowing({}, remembered)), 'price_pm')).toMatchObject({ tier: 1 });
  });

  it('sells a price that two settings stand for only as the first of them', () => {
    const catalogue = catalogueFor(settings, knowing({ 'lookup:elite_yearly': facts() }));
    expect(planForPrice(catalogue, 'price_pm')).toMatchObject({ tier: 1, billingCycle: 'monthly' });
    expect(priceOnSale(catalogue, 2, 'yearly')).toBeNull();
  });
});

describe('the comparison with Stripe', () => {
  const right = { price_pm: facts(), 'lookup:elite_yearly': yearly, price_old: facts({ priceId: 'price_old' }) };

  it('finds nothing where all is as configured, nor before Stripe has answered', () => {
    expect(priceProblems(settings, knowing(right))).toEqual([]);
    expect(priceProblems(settings, nothingKnown)).toEqual([]);
  });

  test.each([
    ['price_missing', null, true],
    ['price_inactive', facts({ isActive: false }), true],
    ['price_interval_differs', facts({ interval: 'year' }), true],
    ['price_interval_differs', facts({ intervalCount: 3 }), true],
    ['price_interval_differs', facts({ interval: null }), true],
    ['price_without_amount', facts({ amount: null }), true],
    ['price_amount_differs', facts({ amount: 899 }), false],
    ['price_currency_differs', facts({ currency: 'eur' }), false],
  ] as const)('%s, for %j, stops the sale: %s', (code, price_pm, stopsSale) => {
    const knowledge = knowing({ ...right, price_pm });
    expect(priceProblems(settings, knowledge)).toEqual([
      expect.objectContaining({ code, setting: 'STRIPE_PRO_MONTHLY_PRICE_ID', stopsSale }),
    ]);
    expect(priceOnSale(catalogueFor(settings, knowledge), 1, 'monthly') === null).toBe(stopsSale);
  });

  it('says which setting, what is configured, what Stripe says and what to do', () => {
    const [problem] = priceProblems(settings, knowing({ ...right, price_pm: facts({ amount: 899 }) }));
    if (problem === undefined) throw new Error('no problem was found');
    expect(describeProblem(problem)).toBe(
      'STRIPE_PRO_MONTHLY_PRICE_ID: configured price_pm (999 usd); Stripe says 899 usd. Customers see and pay what Stripe says. ' +
        'If that is right, write it into PLAN_CATALOGUE_FILE; if not, name the right price.',
    );
  });

  it('names both settings that stand for one price', () => {
    const found = priceProblems(settings, knowing({ ...right, 'lookup:elite_yearly': facts() }));
    expect(found).toEqual([expect.objectContaining({ code: 'price_in_two_settings', setting: eliteYearly.setting })]);
    expect(found[0]?.stripe).toContain('STRIPE_PRO_MONTHLY_PRICE_ID');
  });

  it('asks of a legacy price no more than that it exists', () => {
    const archived = facts({ priceId: 'price_old', isActive: false, amount: 1, interval: 'week' });
    expect(priceProblems(settings, knowing({ ...right, price_old: archived }))).toEqual([]);
    expect(priceProblems(settings, knowing({ ...right, price_old: null }))).toEqual([
      expect.objectContaining({ code: 'price_missing', stopsSale: false }),
    ]);
  });
});
