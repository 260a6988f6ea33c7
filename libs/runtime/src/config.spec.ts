import { describe, expect, it } from '@jest/globals';
import { IsOptional } from 'class-validator';
import {
  AuthenticatedConfig,
  BrokerUrl,
  CommaSeparated,
  ConfigInvalid,
  HttpUrl,
  loadConfig,
  settingNames,
  StripeValue,
} from './config.js';

class SampleConfig extends AuthenticatedConfig {
  override PORT = 3009;

  @BrokerUrl()
  RABBITMQ_URL: string;

  @StripeValue(['whsec_'])
  STRIPE_WEBHOOK_SECRET: string;

  @HttpUrl()
  PUBLIC_URL: string;

  @IsOptional()
  @CommaSeparated()
  CORS_ORIGINS: string[] = [];
}

const complete = {
  AUTH_ISSUER: 'http://localhost:3004',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'http://localhost:3004/.well-known/jwks.json',
  RABBITMQ_URL: 'amqp://guest:guest@localhost:5672',
  STRIPE_WEBHOOK_SECRET: 'whsec_made_up',
  PUBLIC_URL: 'http://localhost:3000/',
};

function problemsOf(environment: Record<string, string | undefined>): string[] {
  try {
    loadConfig(SampleConfig, environment, 'sample');
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('reads a complete environment, keeps defaults and ignores everything else', () => {
    const config = loadConfig(
      SampleConfig,
      { ...complete, PATH: '/bin', CORS_ORIGINS: 'https://a.test, https://b.test' },
      'sample',
    );
    expect(config).toMatchObject({
      PORT: 3009,
      LOG_LEVEL: 'info',
      PUBLIC_URL: 'http://localhost:3000',
      CORS_ORIGINS: ['https://a.test', 'https://b.test'],
    });
    expect(config.managementPort).toBe(3019);
    expect(config).not.toHaveProperty('PATH');
  });

  it('lists every missing setting at once', () => {
    const names = problemsOf({}).map((problem) => problem.split(' ')[0]);
    expect(new Set(names)).toEqual(
      new Set(['AUTH_AUDIENCE', 'AUTH_ISSUER', 'AUTH_JWKS_URL', 'PUBLIC_URL', 'RABBITMQ_URL', 'STRIPE_WEBHOOK_SECRET']),
    );
  });

  it.each(['', '   ', '\n'])('counts %j as a missing secret', (value) => {
    expect(problemsOf({ ...complete, STRIPE_WEBHOOK_SECRET: value })).toEqual([
      expect.stringContaining('STRIPE_WEBHOOK_SECRET is missing'),
    ]);
  });

  it('refuses a secret with a trailing line break, and does not repeat it', () => {
    const problems = problemsOf({ ...complete, STRIPE_WEBHOOK_SECRET: 'whsec_made_up\n' });
    expect(problems).toEqual([expect.stringContaining('no white space')]);
    expect(problems.join()).not.toContain('made_up');
  });

  it('takes a public key instead of a key set URL', () => {
    const { AUTH_JWKS_URL: _, ...rest } = complete;
    const pem = '-----BEGIN PUBLIC KEY-----\\nMCow\\n-----END PUBLIC KEY-----';
    expect(loadConfig(SampleConfig, { ...rest, AUTH_PUBLIC_KEY: pem }, 'sample').AUTH_PUBLIC_KEY).toContain('\nMCow\n');
  });

  it.each(['70000', '-1', 'http', '3000.5'])('refuses %s as a port', (PORT) => {
    expect(problemsOf({ ...complete, PORT })).toHaveLength(1);
  });

  it('knows the names of all its settings, inherited ones included', () => {
    expect(settingNames(SampleConfig)).toEqual(
      expect.arrayContaining(['PORT', 'AUTH_ISSUER', 'CORS_ORIGINS', 'LOG_LEVEL']),
    );
  });
});
