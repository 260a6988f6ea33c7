import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

const minimal = { STRIPE_SECRET_KEY: 'sk_test_made_up', STRIPE_WEBHOOK_SECRET: 'whsec_made_up' };

describe('the configuration', () => {
  it('needs only the key and the signing secret', () => {
    expect(readConfig(minimal)).toMatchObject({
      ok: true,
      config: {
        port: 3004,
        host: '127.0.0.1',
        webhookUrl: null,
        publicUrl: 'http://localhost:3004',
        audience: 'billhook',
      },
    });
  });

  it('reports every problem together', () => {
    const read = readConfig({ STRIPE_SECRET_KEY: 'sk_live_made_up', PORT: 'high', WEBHOOK_URL: 'ftp://x' });
    const names = read.ok ? [] : read.problems.map((problem) => problem.split(' ')[0]);
    expect(new Set(names)).toEqual(new Set(['PORT', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'WEBHOOK_URL']));
    expect(names).toHaveLength(4);
  });

  it.each(['0', '1.5', '257', 'many'])('refuses %s deliveries at once', (count) => {
    const read = readConfig({ ...minimal, WEBHOOK_CONCURRENCY: count });
    expect(read.ok ? [] : read.problems).toEqual([expect.stringMatching(/^WEBHOOK_CONCURRENCY /)]);
  });

  it('takes an empty optional setting for an absent one, and refuses an empty secret', () => {
    expect(readConfig({ ...minimal, PORT: '', GATEWAY_URL: '', WEBHOOK_URL: '' }).ok).toBe(true);
    expect(readConfig({ ...minimal, STRIPE_WEBHOOK_SECRET: '' }).ok).toBe(false);
  });

  it('takes several signing secrets, as during a rotation', () => {
    expect(readConfig({ ...minimal, STRIPE_WEBHOOK_SECRET: 'whsec_new, whsec_old' })).toMatchObject({
      config: { webhookSecrets: ['whsec_new', 'whsec_old'] },
    });
  });
});
