import { ConfigInvalid, loadConfig, settingNames } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { SubscriptionConfig } from './config.js';

const complete = {
  DATABASE_URL: 'postgres://subscription:secret@localhost:5432/billhook',
  RABBITMQ_URL: 'amqp://guest:guest@localhost:5672',
  STRIPE_SECRET_KEY: 'sk_test_madeUp',
  STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
  STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
  STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
  STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
  AUTH_ISSUER: 'https://issuer.example',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'https://issuer.example/jwks.json',
};

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig(SubscriptionConfig, environment, 'subscription');
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
}

describe('settings', () => {
  it('that are complete are accepted, with port 3002 and its management port ten above', () => {
    const config = loadConfig(SubscriptionConfig, complete, 'subscription');
    expect([config.PORT, config.managementPort]).toEqual([3002, 3012]);
  });

  it('that are missing are all named at once', () => {
    const text = problemsOf({}).join('\n');
    for (const name of Object.keys(complete)) expect(text).toContain(name);
    expect(settingNames(SubscriptionConfig)).toContain('STRIPE_API_BASE');
  });

  it('keep a tier for two weeks after a failed renewal, unless told otherwise for a plan', () => {
    const grace = (environment: Record<string, string>) =>
      loadConfig(SubscriptionConfig, { ...complete, ...environment }, 'subscription').graceDays();
    expect(grace({})).toEqual({ pro: 14, elite: 14 });
    expect(grace({ GRACE_DAYS_PRO: '0', GRACE_DAYS_ELITE: '30' })).toEqual({ pro: 0, elite: 30 });
    expect(problemsOf({ ...complete, GRACE_DAYS_PRO: '1.5' })).toEqual([expect.stringContaining('whole number')]);
  });

  it('never send a live key to a server that is not Stripe', () => {
    const live = { ...complete, STRIPE_SECRET_KEY: 'sk_live_madeUp', STRIPE_API_BASE: 'http://localhost:3004' };
    expect(problemsOf(live)).toEqual([expect.stringContaining('must be a test key')]);
  });

  it('refuse the simulator in production', () => {
    const production = { ...complete, NODE_ENV: 'production', STRIPE_API_BASE: 'http://localhost:3004' };
    expect(problemsOf(production)).toEqual([expect.stringContaining('NODE_ENV=production')]);
  });
});
