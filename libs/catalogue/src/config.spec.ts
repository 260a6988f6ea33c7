import { nothingKnown, catalogueFor, planForPrice, planOf, seedTerms } from '@billhook/billing';
import { ConfigInvalid, loadConfig } from '@billhook/runtime';
import { afterAll, describe, expect, it, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueConfig } from './config.js';

const folder = mkdtempSync(join(tmpdir(), 'billhook-plans-'));
afterAll(() => rmSync(folder, { recursive: true }));

const seed = {
  STRIPE_SECRET_KEY: 'sk_test_madeup',
  STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pm',
  STRIPE_PRO_YEARLY_PRICE_ID: 'price_py',
  STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_em',
  STRIPE_ELITE_YEARLY_PRICE_ID: 'price_ey',
  AUTH_ISSUER: 'http://localhost:3004',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'http://localhost:3004/.well-known/jwks.json',
};
const load = (changes: Record<string, string> = {}) =>
  loadConfig(CatalogueConfig, { ...seed, ...changes }, 'a service');

function problemsOf(changes: Record<string, string>): string[] {
  try {
    load(changes);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}

function planFile(content: unknown): string {
  const file = join(folder, 'plans.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

describe('the settings of the plans', () => {
  it('are the seed’s four prices alone, where nothing else is said', () => {
    const { prices, terms } = load().catalogueSettings();
    expect(prices.map(({ tier, billingCycle, reference }) => [tier, billingCycle, reference])).toEqual([
      [1, 'monthly', 'price_pm'],
      [1, 'yearly', 'price_py'],
      [2, 'monthly', 'price_em'],
      [2, 'yearly', 'price_ey'],
    ]);
    expect(terms).toEqual(seedTerms);
  });

  it('honour legacy prices, of before 2020 too', () => {
    const config = load({ STRIPE_PRO_LEGACY_PRICE_IDS: 'price_2021, gold', STRIPE_ELITE_LEGACY_PRICE_IDS: 'plan_1' });
    const catalogue = catalogueFor(config.catalogueSettings(), nothingKnown);
    const tierOf = (priceId: string) => planForPrice(catalogue, priceId);
    expect(tierOf('price_2021')).toMatchObject({ tier: 1 });
    expect(tierOf('gold')).toMatchObject({ tier: 1 });
    expect(tierOf('plan_1')).toMatchObject({ tier: 2 });
  });

  test.each([
    ['STRIPE_PRO_MONTHLY_PRICE_ID', 'pro_monthly'],
    ['STRIPE_PRO_MONTHLY_PRICE_ID', 'prod_madeup'],
    ['STRIPE_PRO_MONTHLY_PRICE_ID', 'lookup:'],
    ['STRIPE_PRO_LEGACY_PRICE_IDS', 'price_1,prod_madeup'],
    ['STRIPE_ELITE_LEGACY_PRICE_IDS', 'price_1 price_2'],
    ['PLAN_CATALOGUE_FILE', '/nowhere/plans.json'],
  ])('refuse %s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  it('take a lookup key in a price’s place', () => {
    const [first] = load({ STRIPE_PRO_MONTHLY_PRICE_ID: 'lookup:pro-monthly' }).catalogueSettings().prices;
    expect(first?.reference).toBe('lookup:pro-monthly');
  });
});

describe('the plan file', () => {
  it('changes what it names and leaves the rest', () => {
    const file = planFile({
      currency: 'eur',
      free: { entitlements: { alerts_limit: 5 } },
      pro: { monthly_amount: 1200, trial_days: 14, entitlements: { export_formats: ['csv', 'json'] } },
    });
    const { terms } = load({ PLAN_CATALOGUE_FILE: file }).catalogueSettings();
    expect(terms.free.entitlements).toEqual({ ...seedTerms.free.entitlements, alerts_limit: 5 });
    expect(terms.pro).toEqual({
      entitlements: { ...seedTerms.pro.entitlements, export_formats: ['csv', 'json'] },
      trialDays: 14,
      offers: {
        monthly: { amount: 1200, currency: 'eur', isOnSale: true },
        yearly: { amount: 9900, currency: 'eur', isOnSale: true },
      },
    });
    const catalogue = catalogueFor(load({ PLAN_CATALOGUE_FILE: file }).catalogueSettings(), nothingKnown);
    expect(planOf(catalogue, 1)).toMatchObject({ trialDays: 14 });
    expect(planOf(catalogue, 2)).toMatchObject({ trialDays: 0 });
  });

  test.each([
    ['{', 'is not JSON'],
    [{ pro: { monthly_amont: 1 } }, 'monthly_amont'],
    [{ gold: {} }, 'gold'],
    [{ pro: { monthly_amount: 9.99 } }, 'monthly_amount'],
    [{ pro: { trial_days: 731 } }, 'trial_days'],
    [{ currency: 'EUR' }, 'currency'],
    [{ elite: { entitlements: { export_formats: ['xlsx'] } } }, 'export_formats'],
  ])('%j is refused with its reason', (content, reason) => {
    expect(problemsOf({ PLAN_CATALOGUE_FILE: planFile(content) })).toEqual([expect.stringContaining(reason)]);
  });
});
