import { waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { createServer } from 'node:http';
import { operations } from '../api-description/operations.js';
import { startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
import type { Subscriber } from '../subscriber.spec-support.js';
import { request } from '../test-browser.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';
import type { Route } from './access.js';
import { Routes } from './routes.module.js';

// What is asked of all routes alike. A route that is new is tried by itself; one that takes a body wants a row here.

const withoutLimits = {
  RATE_LIMIT_USER_CHANGES: '0',
  RATE_LIMIT_ADDRESS_CHANGES: '0',
  RATE_LIMIT_USER_READS: '0',
  RATE_LIMIT_ADDRESS_READS: '0',
};

let gateway: TestGateway;
let user: TestBrowser;
let ops: TestBrowser;
let victim: Subscriber;
/** With ids filled in. A stream, which does not end, has specs of its own. */
let routes: (Route & { key: string })[];

beforeAll(async () => {
  gateway = await startGateway(withoutLimits);
  [user, ops] = await Promise.all([gateway.as('mallory'), gateway.as('olga', { roles: ['ops'] })]);
  victim = await subscribe(gateway, 'victim');
  routes = gateway.app
    .get(Routes)
    .all()
    .map((route) => ({ ...route, key: `${route.method} ${route.path}` }))
    .filter(({ key }) => operations[key]?.isStream !== true)
    .map((route) => ({ ...route, path: route.path.replace(':id', 'cs_test_1').replace(':tier', '1') }));
});
afterAll(() => gateway.stop());

const changes = (): typeof routes => routes.filter(({ method }) => method !== 'GET');
const reads = (): typeof routes =>
  routes.filter(({ method, path }) => method === 'GET' && !path.startsWith('/assets/'));
const forms = (): typeof routes => changes().filter(({ needs }) => needs?.access === 'page');
const whoMay = ({ needs }: Route): TestBrowser => (needs?.role === 'ops' ? ops : user);

const plan = { tier: 2, billing_cycle: 'yearly' };
/** What each operation with a body takes. */
const bodies: Record<string, object> = {
  'POST /v1/checkout-sessions': plan,
  'POST /v1/portal-sessions': { flow: 'cancel' },
  'POST /v1/subscription/cancel': { immediate: true },
  'POST /v1/subscription/resume': { ends_pause: true },
  'POST /v1/subscription/change-preview': plan,
  'POST /v1/subscription/change': { ...plan, proration_date: 1_800_000_000 },
  'PUT /v1/preferences': {
    theme: 'dark',
    notifications: { email: false, sms: false },
    alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
  },
  'POST /v1/users/:id/erase': { reason: 'ticket 4711' },
};

/** To an operation, as whoever may ask for it. */
async function ask(key: string, body: string): Promise<Answer> {
  const [method = '', path = ''] = key.split(' ');
  const who = path.includes('/users/') ? ops : user;
  const headers = { ...who.bearer, 'content-type': 'application/json' };
  return who.call(method, path.replace(':id', 'mallory'), { body, headers });
}

const codeOf = ({ json, text }: Answer): unknown => json['code'] ?? /\b(?:[a-z]+_)+[a-z]+\b/.exec(text)?.[0];

describe('every route', () => {
  it('refuses a token for another audience', async () => {
    const picky = await gateway.startReplica({ ...withoutLimits, AUTH_AUDIENCE: 'another-service' });
    for (const { needs, method, path } of routes) {
      if (needs === undefined) continue;
      const headers = { ...user.bearer, ...user.cookie, 'sec-fetch-site': 'same-origin' };
      const answer = await request(method, picky.service.url + path, { headers });
      if (needs.access === 'api') expect([path, answer.status, codeOf(answer)]).toEqual([path, 401, 'token_invalid']);
      else expect([path, answer.status, originOf(answer)]).toEqual([path, 303, 'https://id.example.com']);
    }
  });

  it('reads no body beyond 16 KiB', async () => {
    const text = 'x'.repeat(20_000);
    for (const route of changes()) {
      const { method, path, needs } = route;
      const isForm = needs?.access === 'page';
      const answer = isForm
        ? await user.submit(path, { text })
        : await whoMay(route).api(method, path, { text }, { ...whoMay(route).bearer });
      expect([method, path, answer.status, answer.text.includes('body_too_large')]).toEqual([method, path, 413, true]);
    }
  });

  it('S4: has nothing of another user’s for whoever names their ids', async () => {
    const { stripe } = gateway.simulator;
    const before = await stripe.subscriptions.retrieve(victim.subscriptionId);
    const ids = {
      user_id: 'victim',
      sub: 'victim',
      customer: victim.customerId,
      customer_id: victim.customerId,
      subscription: victim.subscriptionId,
      subscription_id: victim.subscriptionId,
    };
    const query = new URLSearchParams(ids).toString();
    const named = Object.fromEntries(Object.entries(ids).map(([name, id]) => [`x-${name.replaceAll('_', '-')}`, id]));
    for (const { method, path, needs } of routes) {
      if (needs !== undefined && needs.role !== 'user') continue;
      const headers = { ...named, ...user.bearer, ...user.cookie, 'sec-fetch-site': 'same-origin' };
      const { text } = await request(method, `${gateway.url}${path}?${query}`, { headers });
      expect([method, path, text.includes(victim.customerId), text.includes(victim.subscriptionId)]).toEqual([
        method,
        path,
        false,
        false,
      ]);
    }
    expect(await stripe.subscriptions.retrieve(victim.subscriptionId)).toEqual(before);
  });

  it('S8: calls no address that a request brings along', async () => {
    const called: string[] = [];
    const sink = createServer((incoming, outgoing) => {
      called.push(incoming.url ?? '');
      outgoing.end('{}');
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const address = sink.address();
    if (address === null || typeof address === 'string') throw new Error('the sink has no port');
    const url = `http://127.0.0.1:${address.port}/`;
    const names = [
      'return_url',
      'success_url',
      'cancel_url',
      'url',
      'redirect_uri',
      'callback',
      'jku',
      'x5u',
      'picture',
    ];
    const query = new URLSearchParams(names.map((name): [string, string] => [name, url])).toString();
    const [, payload = '', signature = ''] = user.token.split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', jku: url, x5u: url, kid: url })).toString('base64url');
    for (const token of [user.token, `${head}.${payload}.${signature}`]) {
      for (const { method, path } of routes) {
        await request(method, `${gateway.url}${path}?${query}`, {
          headers: {
            authorization: `Bearer ${token}`,
            cookie: `billhook_session=${token}`,
            'sec-fetch-site': 'same-origin',
            'x-forwarded-host': new URL(url).host,
            'x-forwarded-proto': 'http',
            forwarded: `host=${new URL(url).host}`,
            referer: url,
          },
        });
      }
    }
    sink.close();
    expect(called).toEqual([]);
  });
});

describe('every operation with a body', () => {
  it('has its row here', () => {
    const taking = Object.entries(operations).filter(([, { body }]) => body !== undefined);
    expect(Object.keys(bodies).toSorted()).toEqual(taking.map(([key]) => key).toSorted());
  });

  test.each(Object.keys(bodies))('S6: refuses a field that %s does not know', async (key) => {
    for (const extra of [{ price_id: 'price_1' }, { user_id: 'victim' }, { amount: 1 }, { metadata: { tier: '2' } }]) {
      const answer = await ask(key, JSON.stringify({ ...bodies[key], ...extra }));
      expect([extra, answer.status, codeOf(answer)]).toEqual([extra, 400, 'request_invalid']);
    }
  });

  test.each(Object.keys(bodies))('S13: lets nobody reach for prototypes (%s)', async (key) => {
    const [fields = ''] = /(?<=^\{).*(?=\}$)/.exec(JSON.stringify(bodies[key])) ?? [];
    for (const reach of [
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"__proto__.polluted":true',
      '"notifications":{"__proto__":{"polluted":true}}',
    ]) {
      const answer = await ask(key, `{${fields},${reach}}`);
      expect([reach, answer.status, codeOf(answer)]).toEqual([reach, 400, 'request_invalid']);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    }
  });

  test.each(Object.keys(bodies).filter((key) => 'tier' in (bodies[key] ?? {})))('%s knows its plans', async (key) => {
    for (const [wrong, code] of [
      [{ tier: 3 }, 'tier_unknown'],
      [{ tier: 0 }, 'tier_unknown'],
      [{ billing_cycle: 'weekly' }, 'billing_cycle_unknown'],
      [{ billing_cycle: 'Yearly' }, 'billing_cycle_unknown'],
    ] as const) {
      const answer = await ask(key, JSON.stringify({ ...bodies[key], ...wrong }));
      expect([wrong, answer.status, codeOf(answer)]).toEqual([wrong, 400, code]);
    }
  });
});

describe('every form', () => {
  /** In this order each has something to do. */
  const steps: [string, Record<string, string>][] = [
    ['/refresh-account', {}],
    ['/preferences', { theme: 'light', volume_multiple: '2', minimum_volume: '0' }],
    ['/cancel-subscription', { immediate: 'false' }],
    ['/resume-subscription', {}],
    ['/change-plan', { tier: '2', billing_cycle: 'monthly' }],
    ['/sign-out', {}],
  ];

  it('is tried here', () => {
    expect(steps.map(([path]) => path).toSorted()).toEqual(
      forms()
        .map(({ path }) => path)
        .toSorted(),
    );
  });

  it('is taken once, and refused when it is sent again', async () => {
    const { user: buyer } = await subscribe(gateway, 'replaying');
    for (const [path, fields] of steps) {
      const preview =
        path === '/change-plan' ? (await buyer.page('/change-plan?tier=2&billing_cycle=monthly')).text : '';
      const date = /name="proration_date" value="(\d+)"/.exec(preview)?.[1];
      const form = { ...fields, ...(date !== undefined && { proration_date: date }), form_token: buyer.formToken() };
      const first = await buyer.submit(path, form);
      expect([path, first.status]).toEqual([path, 303]);
      const again = await buyer.submit(path, form);
      expect([path, again.status, again.text.includes('form_replayed')]).toEqual([path, 409, true]);
    }
  });

  it('S6: refuses a field that it does not know', async () => {
    for (const [path, fields] of steps) {
      if (Object.keys(fields).length === 0) continue; // these read nothing of what comes along
      const answer = await user.submit(path, { ...fields, proration_date: '1800000000', price_id: 'price_1' });
      expect([path, answer.status]).toEqual([path, 400]);
    }
  });

  it('S13: is no way to a prototype', async () => {
    for (const { path } of forms()) {
      await user.submit(path, { '__proto__[polluted]': '1', 'constructor[prototype][polluted]': '1' });
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    }
  });
});

const evil = [
  '//evil.example',
  '///evil.example',
  '////evil.example/%2f..',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:\\\\evil.example',
  'http://app.example.com@evil.example',
  'https://app.example.com.evil.example',
  'https://evil.example#app.example.com',
  'https://evil.example?app.example.com',
  'https://evil。example',
  '//evil%E3%80%82example',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  '/%0d%0alocation:https://evil.example',
  '/%09/evil.example',
  '{CHECKOUT_SESSION_ID}//evil.example',
];

/** Of where an answer leads; none where it leads nowhere. */
function originOf({ headers }: Answer): string | undefined {
  const location = headers.get('location');
  return location === null ? undefined : new URL(location, gateway.publicUrl).origin;
}

describe('S5: every page', () => {
  const names = ['return_to', 'return_url', 'success_url', 'cancel_url', 'redirect', 'next', 'url', 'message'];
  const configured = () => [
    undefined,
    new URL(gateway.publicUrl).origin,
    new URL(gateway.simulator.url).origin,
    'https://id.example.com',
    'https://app.example.com',
  ];

  test.each(evil)('leads only where configuration says, whatever asks for %s', async (address) => {
    const query = new URLSearchParams(names.map((name): [string, string] => [name, address])).toString();
    for (const { path } of reads()) {
      for (const headers of [user.cookie, {}]) {
        const answer = await request('GET', `${gateway.url}${path}?${query}`, { headers });
        expect(configured()).toContain(originOf(answer));
        expect([path, answer.text.includes('evil.example')]).toEqual([path, false]);
      }
    }
  });

  test.each(['//evil.example', '//evil.example/%2f..', '/\\evil.example', '///evil.example/pricing'])(
    'of a path like %s leads nowhere',
    async (path) => {
      const answer = await request('GET', gateway.url + path, { headers: user.cookie });
      expect([answer.status, originOf(answer)]).toEqual([404, undefined]);
    },
  );
});

describe('S4, S18: an id of another user’s', () => {
  it('is 404 on every route of users that takes one, and the trail hears who reached for which', async () => {
    const { json } = await (await gateway.as('bob')).api('POST', '/v1/checkout-sessions', plan);
    const id = String(json['id']);
    const taking = gateway.app
      .get(Routes)
      .all()
      .filter(({ path, needs }) => path.includes(':id') && needs?.role === 'user')
      .map(({ method, path }) => ({ method, path: path.replace(':id', id) }));
    expect(taking.length).toBeGreaterThan(0);
    for (const { method, path } of taking) {
      const answer = await user.api(method, path);
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 404, 'not_found']);
    }
    const heard = (): string[] =>
      gateway.tap.events
        .filter(({ routingKey }) => routingKey === 'gateway.request.refused')
        .map(({ body }) => body.toString())
        .filter((body) => body.includes(id) && body.includes('"mallory"'));
    await waitFor('the trail to hear of each', () => heard().length >= taking.length);
  });
});
