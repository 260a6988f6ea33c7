import { describe, expect, it, test } from '@jest/globals';
import { planCatalogue, planForPrice, planOf, plansOf, priceOnSale } from './plan-catalogue.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pm_new', 'price_pm_old'], yearly: ['price_py'] },
  elite: { monthly: ['price_em'], yearly: ['price_ey'], other: ['price_quarterly'] },
});

describe('plan catalogue', () => {
  test.each([
    ['price_pm_new', 1, 'monthly'],
    ['price_pm_old', 1, 'monthly'],
    ['price_py', 1, 'yearly'],
    ['price_em', 2, 'monthly'],
    ['price_ey', 2, 'yearly'],
    ['price_quarterly', 2, null],
  ] as const)('%s means tier %i, %s', (priceId, tier, billingCycle) => {
    expect(planForPrice(catalogue, priceId)).toEqual({ kind: 'known', tier, billingCycle });
  });

  it('costs what the seed says, in cents, unless it is told otherwise', () => {
    expect(plansOf(catalogue).map(({ prices }) => prices.map(({ amount, currency }) => [amount, currency]))).toEqual([
      [],
      [
        [999, 'usd'],
        [9900, 'usd'],
      ],
      [
        [2999, 'usd'],
        [29900, 'usd'],
      ],
    ]);
  });

  it('answers an unknown price with a value, not an exception', () => {
    expect(planForPrice(catalogue, 'price_legacy')).toEqual({ kind: 'unknown', priceId: 'price_legacy' });
  });

  it('sells the first price of a plan while it still honours the others', () => {
    expect(priceOnSale(catalogue, 1, 'monthly')).toBe('price_pm_new');
  });

  it('has no price on sale for Free', () => {
    expect(priceOnSale(catalogue, 0, 'monthly')).toBeNull();
  });

  it('lists the plans in the order of their tiers', () => {
    expect(plansOf(catalogue).map((plan) => [plan.tier, plan.name])).toEqual([
      [0, 'Free'],
      [1, 'Pro'],
      [2, 'Elite'],
    ]);
  });

  it('grants more with each tier', () => {
    expect(planOf(catalogue, 0).entitlements).toMatchObject({
      refresh_interval_seconds: 60,
      alerts_limit: 3,
      export_formats: [],
    });
    expect(planOf(catalogue, 1).entitlements).toMatchObject({
      refresh_interval_seconds: 10,
      alerts_limit: 50,
      sms_alerts: false,
    });
    expect(planOf(catalogue, 2).entitlements).toMatchObject({
      refresh_interval_seconds: 1,
      alerts_limit: 500,
      sms_alerts: true,
    });
  });

  it('refuses a price id that stands for two plans', () => {
    const ids = {
      pro: { monthly: ['price_1'], yearly: ['price_2'] },
      elite: { monthly: ['price_1'], yearly: ['price_3'] },
    };
    expect(() => planCatalogue(ids)).toThrow('price price_1 stands for more than one plan');
  });
});
