import { expect, it } from '@jest/globals';
import { projectFile } from '@billhook/testing';
import { readFileSync } from 'node:fs';
import { settingsFor, systemAt } from './settings.js';
import type { ProcessName } from './settings.js';
import { defaultPorts, systemFromEnvironment } from './system.js';

const place = {
  databaseAdminUrl: 'postgres://postgres:p@127.0.0.1:1/postgres',
  databaseUrls: {
    gateway: 'postgres://gateway:p@127.0.0.1:1/billhook',
    subscription: 'postgres://subscription:p@127.0.0.1:1/billhook',
    audit: 'postgres://audit:p@127.0.0.1:1/billhook',
  },
  rabbitmqUrl: 'amqp://127.0.0.1:1',
  checkpointPath: '/tmp/checkpoints.ndjson',
  remove: () => Promise.resolve(),
};

interface Section {
  required: string[];
  all: string[];
}

function sectionOf(name: string): Section {
  const [, text = ''] = readFileSync(projectFile('.env.example'), 'utf8').split(`# == ${name} ==\n`);
  const lines = (text.split('\n# == ')[0] ?? '').split('\n');
  const named = (pattern: RegExp): string[] => lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  return { required: named(/^([A-Z_]+)=/), all: named(/^#?([A-Z_]+)=/) };
}

const names: ProcessName[] = ['gateway', 'webhook-ingress', 'subscription', 'audit', 'stripe-simulator'];

it.each(names)('gives %s everything it requires and nothing that is not its own', (name) => {
  const given = Object.keys(settingsFor(defaultPorts, place)[name]);
  const { required, all } = sectionOf(name);
  expect(all.length).toBeGreaterThan(0);
  expect(given).toEqual(expect.arrayContaining(required));
  expect(given.filter((setting) => !all.includes(setting))).toEqual([]);
});

it('finds a system on the default ports where the demo and docker compose put it', () => {
  expect(systemFromEnvironment({})).toEqual(systemAt(defaultPorts));
});

it('finds a system elsewhere by the environment', () => {
  const system = systemFromEnvironment({ GATEWAY_URL: 'http://gateway.test', STRIPE_WEBHOOK_SECRET: 'whsec_other' });
  expect(system).toMatchObject({ gatewayUrl: 'http://gateway.test', webhookSecret: 'whsec_other' });
});
