import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { startTestIdentityProvider, waitFor } from '@billhook/testing';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { frontend, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { request } from '../test-browser.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';
import { publicRoutes } from './access.js';
import { Routes } from './routes.module.js';

// Rows S3 to S18 and S30 to S34 of docs/reliability.md: the attacks that this door must stand.

let gateway: TestGateway;
let user: TestBrowser;
/** Method and path of everything that asks for a sign-in, with ids filled in. */
let guarded: { method: string; path: string; access: string; role: string }[];

beforeAll(async () => {
  gateway = await startGateway({ RATE_LIMIT_USER_CHANGES: '0', RATE_LIMIT_ADDRESS_CHANGES: '0' });
  user = await gateway.as('honest');
  guarded = gateway.app
    .get(Routes)
    .all()
    .flatMap(({ method, path, needs }) =>
      needs === undefined ? [] : [{ method, path: path.replace(':id', 'cs_test_1').replace(':tier', '1'), ...needs }],
    );
});
afterAll(() => gateway.stop());

const outcome = ({ status, json }: Answer): unknown[] => [status, json['code']];
const api = (): typeof guarded => guarded.filter(({ access }) => access === 'api');
const pages = (): typeof guarded => guarded.filter(({ access }) => access === 'page');

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('S3: every route refuses', () => {
  async function tokens(): Promise<[string, string, string][]> {
    const other = await startTestIdentityProvider();
    const wrongKey = await other.tokenFor({ sub: 'honest' });
    await other.close();
    const [head = '', payload = '', signature = ''] = user.token.split('.');
    const claims = { sub: 'honest', iss: gateway.identity.issuer, aud: 'billhook', exp: 4_000_000_000 };
    return [
      ['no token that is one', 'x', 'token_invalid'],
      ['another provider’s token', wrongKey, 'token_invalid'],
      ['an expired token', await gateway.identity.tokenFor({ sub: 'honest', expiresIn: '-1m' }), 'token_expired'],
      ['alg none', `${encoded({ alg: 'none' })}.${encoded(claims)}.`, 'token_invalid'],
      ['other claims under a good signature', `${head}.${encoded(claims)}.${signature}`, 'token_invalid'],
      ['another algorithm', `${encoded({ alg: 'HS256' })}.${payload}.${signature}`, 'token_invalid'],
      ['another kid', `${encoded({ alg: 'RS256', kid: '../../etc/passwd' })}.${payload}.${signature}`, 'token_invalid'],
      ['a token of 9 KB', `${head}.${'x'.repeat(9_000)}.${signature}`, 'token_invalid'],
    ];
  }

  it('each of eight bad tokens, as a problem on /v1 and by the way to the sign-in page on pages', async () => {
    for (const [what, token, code] of await tokens()) {
      for (const { method, path } of api()) {
        const answer = await request(method, gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
        expect([what, method, path, ...outcome(answer)]).toEqual([what, method, path, 401, code]);
      }
      for (const { method, path } of pages()) {
        const headers = { cookie: `billhook_session=${token}`, 'sec-fetch-site': 'same-origin' };
        const answer = await request(method, gateway.url + path, { headers });
        const { origin } = new URL(answer.headers.get('location') ?? '');
        expect([what, method, path, answer.status, origin]).toEqual([
          what,
          method,
          path,
          303,
          'https://id.example.com',
        ]);
      }
    }
  });

  it('a token for another audience', async () => {
    const { identity } = gateway;
    const picky = await gateway.startReplica({ AUTH_AUDIENCE: 'another-service' });
    const token = await identity.tokenFor({ sub: 'honest' });
    const answer = await request('GET', `${picky.service.url}/v1/account`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(outcome(answer)).toEqual([401, 'token_invalid']);
  });
});

describe('S7: a change by cookie', () => {
  test.each(['https://evil.example', `${frontend}.evil.example`, 'null', 'http://app.example.com', `${frontend}:8443`])(
    'from %s is refused on every route of /v1',
    async (origin) => {
      for (const { method, path, role } of api()) {
        if (method === 'GET' || role !== 'user') continue;
        const answer = await user.api(method, path, {}, { ...user.cookie, origin });
        expect([method, path, ...outcome(answer)]).toEqual([method, path, 403, 'origin_not_allowed']);
      }
    },
  );

  test.each(['cross-site', 'same-site', 'none'])('from a %s page is refused on every form', async (site) => {
    for (const { method, path } of pages()) {
      if (method === 'GET') continue;
      const answer = await user.submit(path, { immediate: 'true' }, { 'sec-fetch-site': site });
      expect([path, answer.status, answer.text.includes('origin_not_allowed')]).toEqual([path, 403, true]);
    }
  });

  test.each([
    ['application/x-www-form-urlencoded', 'immediate=true', 415],
    ['multipart/form-data; boundary=x', '--x--', 415],
    ['text/plain', '{"immediate":true}', 415],
    ['application/xml', '<immediate/>', 415],
  ])('on /v1 is JSON, not %s', async (type, body, status) => {
    const headers = { ...user.bearer, 'content-type': type };
    const answer = await user.call('POST', '/v1/subscription/cancel', { body, headers });
    expect(answer.status).toBe(status);
  });
});

describe('S9, S15: a body', () => {
  const send = (body: string, path = '/v1/checkout-sessions'): Promise<Answer> =>
    user.call('POST', path, { body, headers: { ...user.bearer, 'content-type': 'application/json' } });

  test.each([
    ['that is too long', JSON.stringify({ tier: 1, billing_cycle: 'x'.repeat(20_000) }), 413, 'body_too_large'],
    ['that is no JSON', '{"tier":', 400, 'request_invalid'],
    ['that is nested a thousand deep', `${'{"tier":'.repeat(1_000)}1${'}'.repeat(1_000)}`, 400, 'tier_unknown'],
    ['that is text', '"tier"', 400, 'request_invalid'],
    ['that is a list', '[{"tier":1}]', 400, 'request_invalid'],
    ['that is null', 'null', 400, 'tier_unknown'],
    ['that reaches for prototypes', '{"__proto__":{"tier":1}}', 400, 'request_invalid'],
    ['with an unknown field', '{"tier":1,"billing_cycle":"monthly","price_id":"price_1"}', 400, 'request_invalid'],
    ['with an unknown plan', '{"tier":3,"billing_cycle":"monthly"}', 400, 'tier_unknown'],
    ['with an unknown cycle', '{"tier":1,"billing_cycle":"weekly"}', 400, 'billing_cycle_unknown'],
    ['with a list for a tier', '{"tier":[1],"billing_cycle":"monthly"}', 400, 'tier_unknown'],
    ['whose last of two tiers is unknown', '{"tier":1,"tier":3,"billing_cycle":"monthly"}', 400, 'tier_unknown'],
  ])('%s is refused', async (_, body, status, code) => {
    expect(outcome(await send(body))).toEqual([status, code]);
    expect(Reflect.get({}, 'tier')).toBeUndefined();
  });

  it('that is compressed is not unpacked', async () => {
    const headers = { ...user.bearer, 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await user.call('POST', '/v1/checkout-sessions', { body: '\u001f\u008b', headers });
    expect([400, 415]).toContain(answer.status);
  });

  it('and headers beyond 16 KiB are refused', async () => {
    const answer = await user.api('GET', '/v1/account', undefined, { ...user.bearer, 'x-long': 'x'.repeat(17_000) });
    expect(outcome(answer)).toEqual([431, 'headers_too_large']);
  });
});

describe('S11, S14: what reaches PostgreSQL and logs', () => {
  test.each([
    ['a quote', "cs_test_1' OR '1'='1"],
    ['a second statement', 'cs_test_1; DROP TABLE account'],
    ['a NUL behind an id', 'cs_test_1%00'],
    ['a NUL', '%00'],
    ['a header', '%0d%0aset-cookie: x=1'],
    ['another path', '..%2f..%2faccount'],
    ['no UTF-8', '%ff%fe'],
    ['a colour', '\u001b[31m'],
    ['a long text', 'x'.repeat(2_000)],
  ])('%s for an id is nothing of ours', async (_, id) => {
    const answer = await user.api('GET', `/v1/checkout-sessions/${id}`);
    expect([400, 404, 414]).toContain(answer.status);
    expect(answer.json['code']).toMatch(/^(not_found|request_invalid)$/);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('a user agent of ten thousand characters and colours is cut before it is announced', async () => {
    const loud = await gateway.as('loud');
    const answer = await loud.api('GET', '/v1/account', undefined, {
      ...loud.bearer,
      'user-agent': `Mozilla \t${'x'.repeat(10_000)}`,
    });
    expect(answer.status).toBe(200);
    const opened = await waitFor('the announcement', () =>
      gateway.tap.events.find(({ attributes }) => attributes['subject'] === 'loud'),
    );
    expect(opened.attributes['useragent']).toMatch(/^Mozilla  x{247}$/);
  });
});

describe('S12: a long and pathological text', () => {
  it.each([
    ['an Authorization header', { authorization: `Bearer ${' '.repeat(12_000)}x y` }],
    ['a cookie', { cookie: `${'a=b; '.repeat(2_500)}billhook_session=x` }],
    ['an Accept header', { accept: '*/*;q=0.1, '.repeat(1_000) }],
  ])('in %s costs no time', async (_, headers: Record<string, string>) => {
    await user.api('GET', '/v1/account', undefined, {});
    const before = process.cpuUsage();
    const answer = await request('GET', `${gateway.url}/v1/account`, { headers });
    expect(answer.status).toBe(401);
    // Of the processor, which the gateway shares with this spec, and not by the clock: a busy machine makes no text pathological.
    const { user: used, system } = process.cpuUsage(before);
    expect((used + system) / 1_000).toBeLessThan(1_000);
  });
});

describe('S16: an answer to what went wrong', () => {
  it.each(['/v1/nonsense', '/nonsense', '/v1/checkout-sessions/x'])(
    'of %s shows nothing of the inside',
    async (path) => {
      const { text, status } = await user.api('GET', path);
      expect(status).toBe(404);
      expect(text).not.toMatch(/\bat .*\.[jt]s|node_modules|SELECT|postgres:|sk_test/);
    },
  );
});

describe('S17: a function of another role', () => {
  it('is refused to users on every route that asks for one', async () => {
    const others = api().filter(({ role }) => role !== 'user');
    expect(others.length).toBeGreaterThan(0);
    for (const { method, path } of others) {
      expect([path, ...outcome(await user.api(method, path))]).toEqual([path, 403, 'role_missing']);
    }
  });

  it('no user route is open to services', async () => {
    const service = await gateway.as('service', { roles: ['service'] });
    for (const { method, path, role } of api()) {
      if (role !== 'user') continue;
      expect([path, ...outcome(await service.api(method, path))]).toEqual([path, 403, 'role_missing']);
    }
  });
});

describe('S30: every answer', () => {
  it.each(['/pricing', '/profile', '/docs', '/v1/account', '/v1/nonsense', '/nonsense', '/v1/plans', '/openapi.json'])(
    'of %s carries the headers that browsers heed, and none that tell of us',
    async (path) => {
      const { headers } = await user.page(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data:|http:/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-powered-by') ?? headers.get('server')).toBeNull();
    },
  );

  it.each(['/profile', '/pricing', '/v1/account', '/v1/preferences'])(
    'about one person is kept by no cache (%s)',
    async (path) => {
      expect((await user.page(path)).headers.get('cache-control')).toBe('no-store');
    },
  );
});

describe('S31: while nobody can say whether a token is good', () => {
  it('nobody is let in, and everybody is told to come again', async () => {
    const blind = await gateway.startReplica({ AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks.json' });
    const visitor = await blind.as('honest');
    const answer = await visitor.api('GET', '/v1/account');
    expect(outcome(answer)).toEqual([503, 'identity_provider_unavailable']);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect((await visitor.page('/profile')).status).toBe(503);
    expect((await visitor.page('/pricing')).status).toBe(200);
  });
});

describe('S33: the surface', () => {
  const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'];

  function raw(method: string, path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const call = httpRequest(gateway.url + path, { method, headers: { connection: 'close' } }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      call.on('error', reject);
      call.end();
    });
  }

  it('is what is declared: no other verb of any path is answered with success', async () => {
    const declared = new Set([...publicRoutes, ...guarded.map(({ method, path }) => `${method} ${path}`)]);
    const paths = new Set([...declared].map((key) => key.split(' ')[1] ?? ''));
    for (const path of paths) {
      for (const verb of verbs) {
        if (declared.has(`${verb === 'HEAD' ? 'GET' : verb} ${path}`)) continue;
        const status = await raw(verb, path);
        expect([verb, path, status >= 400 && status < 500]).toEqual([verb, path, true]);
      }
    }
  });

  it('has neither health nor metrics', async () => {
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      expect((await request('GET', gateway.url + path)).status).toBe(404);
    }
  });
});

describe('S34: a request that two servers could read in two ways', () => {
  const { stringify } = JSON;

  async function say(lines: string[], body = ''): Promise<string> {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
    return readAll(socket);
  }

  const post = 'POST /v1/session HTTP/1.1';
  it.each([
    ['both lengths', [post, 'Host: x', 'Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['two lengths', [post, 'Host: x', 'Content-Length: 0', 'Content-Length: 4'], 'abcd'],
    ['a length that is no number', [post, 'Host: x', 'Content-Length: +4'], 'abcd'],
    ['an unknown coding', [post, 'Host: x', 'Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a space before the colon', [post, 'Host: x', 'Content-Length : 4'], 'abcd'],
    ['a folded header', [post, 'Host: x', 'X-A: b', ' Transfer-Encoding: chunked'], ''],
    ['a bare CR', [`${post}\rHost: x`], ''],
    ['no host', [post], ''],
    ['a chunk of no size', [post, 'Host: x', 'Transfer-Encoding: chunked'], 'zz\r\nabc\r\n0\r\n\r\n'],
  ])('(%s) is refused', async (what, lines, body) => {
    const answer = await say(lines, body);
    expect([what, answer.slice(0, 13)]).toEqual([what, expect.stringMatching(/^HTTP\/1\.1 4\d\d/)]);
    expect(stringify(answer)).not.toContain('HTTP/1.1 2');
  });
});
