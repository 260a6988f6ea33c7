import { ConfigInvalid, loadConfig } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { IngressConfig } from './config.js';

const complete = {
  RABBITMQ_URL: 'amqp://127.0.0.1:5672',
  STRIPE_WEBHOOK_SECRET: 'whsec_made_up',
  STRIPE_LIVEMODE: 'false',
};
const load = (settings: Record<string, string>): IngressConfig =>
  loadConfig(IngressConfig, settings, 'webhook-ingress');

describe("the ingress's settings", () => {
  it('suffice, with port 3001 and 3011 for health', () => {
    expect(load(complete)).toMatchObject({
      PORT: 3001,
      managementPort: 3011,
      STRIPE_WEBHOOK_SECRET: ['whsec_made_up'],
      STRIPE_LIVEMODE: false,
      TRUSTED_PROXIES: [],
    });
  });

  it.each(Object.keys(complete))('need %s', (name) => {
    expect(() => load({ ...complete, [name]: '' })).toThrow(ConfigInvalid);
    expect(() => load({ ...complete, [name]: '' })).toThrow(name);
  });

  it('hold several secrets during a rotation', () => {
    const config = load({ ...complete, STRIPE_WEBHOOK_SECRET: 'whsec_new_made_up, whsec_old_made_up' });
    expect(config.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_new_made_up', 'whsec_old_made_up']);
  });

  it.each([
    ['STRIPE_WEBHOOK_SECRET', 'sk_test_made_up'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_made up'],
    ['STRIPE_WEBHOOK_SECRET', ','],
    ['STRIPE_LIVEMODE', 'yes'],
    ['STRIPE_ACCOUNT_ID', 'cus_made_up'],
    ['TRUSTED_PROXIES', 'everybody'],
    ['RABBITMQ_URL', 'http://127.0.0.1'],
  ])('refuse %s=%s, and do not repeat it', (name, value) => {
    const failure = (): IngressConfig => load({ ...complete, [name]: value });
    expect(failure).toThrow(name);
    expect(failure).not.toThrow(`"${value}"`);
  });
});
