import { describe, expect, it, test } from '@jest/globals';
import { ConfigInvalid, loadConfig } from '@billhook/runtime';
import { GatewayConfig } from './config.js';

const complete = {
  DATABASE_URL: 'postgres://gateway:made-up@127.0.0.1:5432/billhook',
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672',
  STRIPE_SECRET_KEY: 'sk_test_madeup',
  STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
  STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
  STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
  STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
  AUTH_ISSUER: 'http://localhost:3004',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'http://localhost:3004/.well-known/jwks.json',
  PUBLIC_URL: 'http://localhost:3000/',
  SIGN_IN_URL: 'http://localhost:3004/sign-in',
  DASHBOARD_URL: 'https://app.example.com/dashboard',
};

const load = (changes: Record<string, string> = {}): GatewayConfig =>
  loadConfig(GatewayConfig, { ...complete, ...changes }, 'gateway');

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig(GatewayConfig, environment, 'gateway');
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}

describe('the gateway’s configuration', () => {
  it('reads a complete environment, with lists and without trailing slashes', () => {
    const config = load({ CORS_ORIGINS: 'https://a.example, https://b.example', TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(config).toMatchObject({
      PORT: 3000,
      managementPort: 3010,
      PUBLIC_URL: 'http://localhost:3000',
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      TRUSTED_PROXIES: ['10.0.0.0/8'],
    });
    expect(load().CORS_ORIGINS).toEqual([]);
  });

  it('reports every missing setting at once', () => {
    const problems = problemsOf({}).join('\n');
    for (const name of Object.keys(complete)) expect(problems).toContain(name);
  });

  test.each([
    ['PUBLIC_URL', 'http://billing.example.com'],
    ['PUBLIC_URL', 'https://billing.example.com/billing'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.com/path'],
    ['TRUSTED_PROXIES', 'everybody'],
    ['STRIPE_SECRET_KEY', 'pk_test_madeup'],
    ['STRIPE_PRO_MONTHLY_PRICE_ID', 'prod_madeup'],
    ['DASHBOARD_URL', 'javascript:alert(1)'],
    ['RATE_LIMIT_USER_CHANGES', '-1'],
    ['RATE_LIMIT_ADDRESS_READS', 'many'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ ...complete, [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  it('lets no live key and no production process near a pretend Stripe', () => {
    const STRIPE_API_BASE = 'http://127.0.0.1:3004';
    expect(problemsOf({ ...complete, STRIPE_API_BASE })).toEqual([]);
    expect(problemsOf({ ...complete, STRIPE_API_BASE, STRIPE_SECRET_KEY: 'sk_live_madeup' })).toHaveLength(1);
    expect(problemsOf({ ...complete, STRIPE_API_BASE, NODE_ENV: 'production' })).toHaveLength(1);
  });
});
