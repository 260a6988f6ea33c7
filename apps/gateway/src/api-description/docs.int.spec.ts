import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { errorTable } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import type { z } from 'zod';
import { follow } from '../event-stream.spec-support.js';
import { anAccount, frontend, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { Routes } from '../sign-in/routes.module.js';
import { request } from '../test-browser.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';
import { operations } from './operations.js';
import { problem } from './schemas.js';

let gateway: TestGateway;
let user: TestBrowser;
let backend: TestBrowser;
let subscriber: TestBrowser;
let sessionId: string;

beforeAll(async () => {
  gateway = await startGateway();
  [user, backend, subscriber] = await Promise.all([
    gateway.as('reader'),
    gateway.as('backend', { roles: ['service'] }),
    gateway.as('subscriber'),
  ]);
  const { json } = await subscriber.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  sessionId = String(json['id']);
  await gateway.simulator.pay(String(json['url']));
  await gateway.announce(anAccount('subscriber', { version: 1 }));
  await waitFor('the account', async () => (await subscriber.api('GET', '/v1/account')).json['version'] === 1);
});
afterAll(() => gateway.stop());

const elite = { tier: 2, billing_cycle: 'monthly' };

/** A real request for each operation that succeeds. */
const requests: Record<string, () => Promise<Answer>> = {
  'POST /v1/session': () => user.api('POST', '/v1/session'),
  'DELETE /v1/session': () => user.api('DELETE', '/v1/session', undefined, { origin: frontend }),
  'GET /v1/plans': () => request('GET', `${gateway.url}/v1/plans`),
  'GET /v1/account': () => user.api('GET', '/v1/account'),
  'GET /v1/account/events': () => firstWordTo(subscriber),
  'POST /v1/checkout-sessions': () => user.api('POST', '/v1/checkout-sessions', { tier: 2, billing_cycle: 'yearly' }),
  'GET /v1/checkout-sessions/:id': () => subscriber.api('GET', `/v1/checkout-sessions/${sessionId}`),
  'POST /v1/portal-sessions': () => subscriber.api('POST', '/v1/portal-sessions'),
  'POST /v1/subscription/cancel': () => subscriber.api('POST', '/v1/subscription/cancel', { immediate: false }),
  'POST /v1/subscription/resume': () => subscriber.api('POST', '/v1/subscription/resume'),
  'POST /v1/subscription/change-preview': () => subscriber.api('POST', '/v1/subscription/change-preview', elite),
  'POST /v1/subscription/change': async () => {
    const { json } = await subscriber.api('POST', '/v1/subscription/change-preview', elite);
    const body = { ...elite, proration_date: json['proration_date'] };
    return subscriber.api('POST', '/v1/subscription/change', body);
  },
  'GET /v1/preferences': () => user.api('GET', '/v1/preferences'),
  'PUT /v1/preferences': () =>
    user.api('PUT', '/v1/preferences', {
      theme: 'dark',
      notifications: { email: false, sms: false },
      alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
    }),
  'GET /v1/users/:id/entitlements': () => backend.api('GET', '/v1/users/subscriber/entitlements'),
};

/** What a stream says at once, as if it were an answer. */
async function firstWordTo({ bearer }: TestBrowser): Promise<Answer> {
  const stream = await follow(`${gateway.url}/v1/account/events`, bearer);
  await waitFor('the first event', () => stream.events.length > 0);
  stream.close();
  const json = stream.events[0]?.data ?? {};
  return { status: stream.status, headers: stream.headers, text: JSON.stringify(json), json };
}

/** Reads it, and finds nothing in it that the schema does not tell of. */
function expectAsDescribed(schema: z.ZodType, json: unknown): void {
  const parsed = schema.safeParse(json);
  expect(parsed.error?.issues ?? []).toEqual([]);
  expect(parsed.data).toEqual(json);
}

async function theDocument(): Promise<Record<string, unknown>> {
  const answer = await request('GET', `${gateway.url}/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('json')]);
  return answer.json;
}

describe('the description', () => {
  it('tells of every route of /v1, and of no other', () => {
    const routes = gateway.app.get(Routes).all();
    const keys = routes.map(({ method, path }) => `${method} ${path}`).filter((key) => key.includes(' /v1/'));
    expect(Object.keys(operations).toSorted()).toEqual(keys.toSorted());
  });

  it('is tried here on every operation it tells of', () => {
    expect(Object.keys(requests).toSorted()).toEqual(Object.keys(operations).toSorted());
  });

  test.each(Object.keys(operations))('of %s is what the service answers', async (key) => {
    const { status, answer: schema } = operations[key] ?? {};
    const answer = await requests[key]?.();
    expect(answer?.status).toBe(status);
    if (schema === undefined) expect(answer?.text).toBe('');
    else expectAsDescribed(schema, answer?.json);
  });

  test.each([
    ['GET', '/v1/account', {}, 401],
    ['POST', '/v1/checkout-sessions', { tier: 7, billing_cycle: 'monthly' }, 400],
    ['GET', '/v1/checkout-sessions/cs_test_madeup', undefined, 404],
    ['POST', '/v1/portal-sessions', {}, 409],
  ])('of problems is what %s %s answers', async (method, path, body, status) => {
    const headers = status === 401 ? {} : undefined;
    const sent = method === 'GET' ? undefined : body;
    const answer = await (await gateway.as('unlucky')).api(method, path, sent, headers);
    expect(answer.status).toBe(status);
    expectAsDescribed(problem, answer.json);
  });
});

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1, has an operation for each, and refers to nothing that is not there', async () => {
    const document = await theDocument();
    expect(document['openapi']).toBe('3.1.0');
    const text = JSON.stringify(document);
    expect([...text.matchAll(/"\$ref":"([^"]+)"/g)].every(([, ref]) => ref === '#/components/schemas/Problem')).toBe(
      true,
    );
    for (const key of Object.keys(operations)) {
      const [method = '', path = ''] = key.split(' ');
      const described: unknown = Reflect.get(Object(document['paths']), path.replace(':id', '{id}'));
      expect(Object.keys(Object(described))).toContain(method.toLowerCase());
    }
  });

  it('names every code with the status that it has', async () => {
    const text = JSON.stringify(await theDocument());
    for (const code of Object.values(operations).flatMap(({ refusals = [] }) => refusals)) {
      expect(text).toContain(`\`${code}\`: ${errorTable[code].title}`);
    }
  });
});

describe('GET /docs', () => {
  it('is a page like the others, for whoever comes, without a script', async () => {
    const page = await request('GET', `${gateway.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const key of Object.keys(operations)) expect(page.text).toContain(key);
    expect(page.text).not.toMatch(/<script|<style|style="|onclick=/);
  });
});
