import { ConfigInvalid, loadConfig } from '@billhook/runtime';
import { describe, expect, it } from '@jest/globals';
import { AuditConfig } from './config.js';

const complete = {
  DATABASE_URL: 'postgres://audit:made-up@127.0.0.1:5432/billhook',
  RABBITMQ_URL: 'amqp://127.0.0.1:5672',
  AUTH_ISSUER: 'https://id.example',
  AUTH_AUDIENCE: 'billhook',
  AUTH_JWKS_URL: 'https://id.example/jwks.json',
};

describe("the audit service's settings", () => {
  it('suffice, with port 3003 and 3013 for health', () => {
    expect(loadConfig(AuditConfig, complete, 'audit')).toMatchObject({ PORT: 3003, managementPort: 3013 });
  });

  it.each(Object.keys(complete))('need %s', (name) => {
    expect(() => loadConfig(AuditConfig, { ...complete, [name]: '' }, 'audit')).toThrow(ConfigInvalid);
  });
});
