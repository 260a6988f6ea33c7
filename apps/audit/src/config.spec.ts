import { ConfigInvalid, loadConfig } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { AuditConfig } from './config.js';

const complete = {
  DATABASE_URL: 'postgres://audit:made-up@127.0.0.1:5432/billhook',
  RABBITMQ_URL: 'amqp://127.0.0.1:5672',
  AUTH_ISSUER: 'https://id.example',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'https://id.example/jwks.json',
  AUDIT_MASTER_KEY: Buffer.alloc(32, 'made-up ').toString('base64'),
  AUDIT_INDEX_KEY: Buffer.alloc(32, 'made up ').toString('base64'),
  AUDIT_CHECKPOINT_KEY: Buffer.alloc(32, 'made_up ').toString('base64'),
  AUDIT_CHECKPOINT_PATH: '/var/lib/billhook/checkpoints.ndjson',
  PUBLIC_URL: 'https://billing.example.com',
  SIGN_IN_URL: 'https://app.example.com/sign-in',
  SUBSCRIPTION_URL: 'http://subscription:3002',
};

describe("the audit service's settings", () => {
  it('suffice, with port 3003 and 3013 for health', () => {
    expect(loadConfig(AuditConfig, complete, 'audit')).toMatchObject({ PORT: 3003, managementPort: 3013 });
  });

  it.each([
    ['too short', Buffer.alloc(16, 'made-up ').toString('base64')],
    ['too long', Buffer.alloc(33, 'made-up ').toString('base64')],
    ['no base64', 'made-up key of thirty-two letters!'],
    ['a list with such a one in it', `${complete.AUDIT_MASTER_KEY},c2hvcnQ=`],
  ])('take no master key that is %s, and do not repeat it', (_, key) => {
    const refused = (): AuditConfig => loadConfig(AuditConfig, { ...complete, AUDIT_MASTER_KEY: key }, 'audit');
    expect(refused).toThrow(/AUDIT_MASTER_KEY must be 32 bytes in base64/);
    expect(refused).not.toThrow(key);
  });

  it('take a list of master keys during a rotation', () => {
    const AUDIT_MASTER_KEY = `${complete.AUDIT_MASTER_KEY}, ${complete.AUDIT_INDEX_KEY}`;
    expect(loadConfig(AuditConfig, { ...complete, AUDIT_MASTER_KEY }, 'audit').AUDIT_MASTER_KEY).toHaveLength(2);
  });

  it.each(Object.keys(complete))('need %s', (name) => {
    expect(() => loadConfig(AuditConfig, { ...complete, [name]: '' }, 'audit')).toThrow(ConfigInvalid);
  });
});
