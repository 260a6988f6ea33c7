import { ConfigInvalid, loadConfig, settingNames } from '@billhook/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it.each(['whsec_made_up\n', ' whsec_made_up\r\n', 'whsec_made_up, '])(
    'F19: keep no white space around a secret: %j',
    (value) => {
      expect(load({ ...complete, STRIPE_WEBHOOK_SECRET: value }).STRIPE_WEBHOOK_SECRET).toEqual(['whsec_made_up']);
    },
  );

  it('F17: hold no tolerance that could be set wrong', () => {
    expect(settingNames(IngressConfig).filter((name) => name.includes('TOLERANCE'))).toEqual([]);
  });

  it.each([
    ['STRIPE_WEBHOOK_SECRET', 'sk_test_made_up'],
    ['STRIPE_WEBHOOK_SECRET', 'undefined'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_'],
    ['MAX_CONNECTIONS', '0'],
    ['MAX_CONNECTIONS', 'many'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_made up'],
    ['STRIPE_WEBHOOK_SECRET', ','],
    ['STRIPE_LIVEMODE', 'yes'],
    ['STRIPE_ACCOUNT_ID', 'cus_made_up'],
    ['TRUSTED_PROXIES', 'everybody'],
    ['RABBITMQ_URL', 'http://127.0.0.1'],
  ])('F19: refuse %s=%s, and do not repeat it', (name, value) => {
    const failure = (): IngressConfig => load({ ...complete, [name]: value });
    expect(failure).toThrow(name);
    expect(failure).not.toThrow(`"${value}"`);
  });

  describe('with the secrets in a file', () => {
    const { STRIPE_WEBHOOK_SECRET: _, ...others } = complete;
    let folder: string;
    const fileWith = (text: string): string => {
      const file = join(folder, 'secret');
      writeFileSync(file, text);
      return file;
    };
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'billhook-config-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('suffice without STRIPE_WEBHOOK_SECRET', () => {
      const file = fileWith('whsec_made_up\n');
      const config = load({ ...others, STRIPE_WEBHOOK_SECRET_FILE: file });
      expect(config).toMatchObject({ STRIPE_WEBHOOK_SECRET_FILE: file });
      expect(config.STRIPE_WEBHOOK_SECRET).toBeUndefined();
    });

    it.each([
      ['there is no such file', () => join(folder, 'nowhere'), 'ENOENT'],
      ['it is empty', () => fileWith('\n'), 'holds no signing secret'],
      ['it holds something else', () => fileWith('sk_test_made_up'), 'whsec_'],
    ])('F19: refuse to start when %s, and repeat nothing', (_, file, problem) => {
      const failure = (): IngressConfig => load({ ...others, STRIPE_WEBHOOK_SECRET_FILE: file() });
      expect(failure).toThrow(problem);
      expect(failure).not.toThrow('made_up');
    });

    it('refuse both sources at once', () => {
      const both = { ...complete, STRIPE_WEBHOOK_SECRET_FILE: fileWith('whsec_made_up') };
      expect(() => load(both)).toThrow(/STRIPE_WEBHOOK_SECRET_FILE and STRIPE_WEBHOOK_SECRET are both set/);
    });
  });
});
