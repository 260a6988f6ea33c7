import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { startTestIdentityProvider, waitFor } from '@billhook/testing';
import { frontend, publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { request } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const anonymous = (method: string, path: string, headers: Record<string, string> = {}) =>
  request(method, gateway.url + path, { headers });

describe('a route that is answered without Nest’s pipeline', () => {
  it('answers whoever comes as the pipeline does, which HEAD still goes through', async () => {
    const { bearer, cookie } = await gateway.as('in-a-hurry');
    const comers: [Record<string, string>, number][] = [
      [{}, 401],
      [{ authorization: 'Bearer nonsense' }, 401],
      [{ ...(await gateway.as('a-service', { roles: ['service'] })).bearer }, 403],
      [bearer, 200],
      [{ ...bearer, origin: frontend }, 200],
      [{ ...cookie, origin: 'https://evil.example' }, 403],
    ];
    for (const [headers, status] of comers) {
      const [direct, piped] = [await asked('GET', headers), await asked('HEAD', headers)];
      expect([headers, direct.status, piped.status]).toEqual([headers, status, status]);
      expect(headersOf(direct)).toEqual(headersOf(piped));
    }
  });

  const asked = (method: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway.url}/v1/account`, { method, headers });
  /** Without the time, and what a client that asks by HEAD does with its connection. */
  const headersOf = ({ headers }: Response): [string, string][] =>
    [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
});

describe('whoever is not signed in', () => {
  test.each([
    ['GET', '/v1/account'],
    ['POST', '/v1/checkout-sessions'],
    ['GET', '/v1/checkout-sessions/cs_test_1'],
    ['POST', '/v1/portal-sessions'],
    ['POST', '/v1/subscription/cancel'],
    ['POST', '/v1/subscription/resume'],
  ])('gets 401 as a problem from %s %s', async (method, path) => {
    const answer = await anonymous(method, path);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({ code: 'token_missing', status: 401 });
  });

  test.each([
    '/profile',
    '/create-checkout?tier=1&billing_cycle=monthly',
    '/payment/success?session_id=cs_test_1',
    '/payment/canceled',
    '/manage-subscription',
    '/upgrade/1',
  ])('is sent from %s to the sign-in page and back', async (path) => {
    const answer = await anonymous('GET', path);
    expect(answer.status).toBe(303);
    const signIn = new URL(answer.headers.get('location') ?? '');
    expect(signIn.origin + signIn.pathname).toBe('https://id.example.com/sign-in');
    expect(signIn.searchParams.get('return_to')).toBe(gateway.publicUrl + path);
  });

  it('comes back to the profile after a form, which a redirect could not send again', async () => {
    const answer = await anonymous('POST', '/cancel-subscription');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toContain(encodeURIComponent(`${gateway.publicUrl}/profile`));
  });

  test.each(['/pricing', '/v1/plans'])('may read %s', async (path) => {
    expect((await anonymous('GET', path)).status).toBe(200);
  });

  it('is led from / to the prices', async () => {
    const answer = await anonymous('GET', '/');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pricing']);
  });
});

describe('a token', () => {
  it('that has expired is told so', async () => {
    const token = await gateway.identity.tokenFor({ sub: 'late', expiresIn: '-1m' });
    const answer = await anonymous('GET', '/v1/account', { authorization: `Bearer ${token}` });
    expect([answer.status, answer.json['code']]).toEqual([401, 'token_expired']);
  });

  it('of another identity provider is refused', async () => {
    const other = await startTestIdentityProvider();
    const token = await other.tokenFor({ sub: 'stranger' });
    await other.close();
    const answer = await anonymous('GET', '/v1/account', { authorization: `Bearer ${token}` });
    expect([answer.status, answer.json['code']]).toEqual([401, 'token_invalid']);
  });

  it('without a signature is refused', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'nobody', iss: gateway.identity.issuer, aud: gateway.identity.audience, exp: 4_000_000_000 };
    const token = `${part({ alg: 'none' })}.${part(claims)}.`;
    const answer = await anonymous('GET', '/v1/account', { authorization: `Bearer ${token}` });
    expect([answer.status, answer.json['code']]).toEqual([401, 'token_invalid']);
  });

  it('in a cookie that has expired sends a page to the sign-in page instead of failing', async () => {
    const token = await gateway.identity.tokenFor({ sub: 'late', expiresIn: '-1m' });
    const answer = await anonymous('GET', '/profile', { cookie: `billhook_session=${token}` });
    expect(answer.status).toBe(303);
    expect((await anonymous('GET', '/pricing', { cookie: `billhook_session=${token}` })).status).toBe(200);
  });
});

describe('POST /v1/session', () => {
  it('turns a token into a cookie that scripts cannot read and that expires with it', async () => {
    const { bearer } = await gateway.as('session-user');
    const answer = await anonymous('POST', '/v1/session', bearer);
    expect(answer.status).toBe(201);
    expect(answer.json['user_id']).toBe('session-user');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^billhook_session=ey/);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Lax');
    expect(cookie).toContain('Path=/');
    expect(cookie).not.toContain('Secure');
    const expires = Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '');
    expect(expires).toBe(Date.parse(String(answer.json['expires_at'])));
    const page = await anonymous('GET', '/profile', { cookie: cookie.split(';')[0] ?? '' });
    expect(page.status).toBe(200);
  });

  it('refuses to begin a session without a token', async () => {
    expect((await anonymous('POST', '/v1/session')).status).toBe(401);
  });

  it('refuses a token that browsers would drop from a cookie without a word', async () => {
    const token = await gateway.identity.tokenFor({ sub: 'long', email: `${'x'.repeat(4000)}@example.com` });
    const answer = await anonymous('POST', '/v1/session', { authorization: `Bearer ${token}` });
    expect([answer.status, answer.json['code']]).toEqual([400, 'request_invalid']);
  });

  it('is taken back by DELETE, from our own sites only', async () => {
    const refused = await anonymous('DELETE', '/v1/session', { origin: 'https://evil.example' });
    expect([refused.status, refused.json['code']]).toEqual([403, 'origin_not_allowed']);
    const answer = await anonymous('DELETE', '/v1/session', { origin: frontend });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/^billhook_session=;.*Expires=Thu, 01 Jan 1970/);
  });
});

describe('a change by cookie', () => {
  test.each([
    ['no Origin', {}, 403],
    ['another site', { origin: 'https://evil.example' }, 403],
    ['a site whose name begins like ours', { origin: `${frontend}.evil.example` }, 403],
    ['null', { origin: 'null' }, 403],
    ['the frontend', { origin: frontend }, 409],
  ])('on /v1 with Origin %s is answered %s → %i', async (_, headers, status) => {
    const user = await gateway.as('by-cookie');
    const answer = await user.api('POST', '/v1/subscription/cancel', {}, { ...user.cookie, ...headers });
    expect(answer.status).toBe(status);
  });

  it('needs no Origin when a bearer token is sent along', async () => {
    const user = await gateway.as('by-bearer');
    const answer = await user.api('POST', '/v1/subscription/cancel', {}, { ...user.bearer, ...user.cookie });
    expect(answer.json['code']).toBe('no_subscription');
  });

  test.each([
    ['from our own page', { 'sec-fetch-site': 'same-origin' }, 409],
    ['from a sister site', { 'sec-fetch-site': 'same-site' }, 403],
    ['from another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['from a browser too old to say, with another Origin', { origin: 'https://evil.example' }, 403],
    ['from the frontend, which has /v1 for this', { origin: frontend }, 403],
    ['from nowhere', {}, 403],
  ])('by a form %s is answered %s → %i', async (_, headers, status) => {
    const user = await gateway.as('by-form');
    expect((await user.submit('/cancel-subscription', { immediate: 'false' }, headers)).status).toBe(status);
  });
});

describe('a user', () => {
  it('is announced once, at the first request, however often they come back', async () => {
    const user = await gateway.as('newcomer', { email: 'newcomer@example.com' });
    await Promise.all([user.api('GET', '/v1/account'), user.api('GET', '/v1/account'), user.page('/profile')]);
    await waitFor('the announcement', () => publishedAbout(gateway, 'newcomer').length > 0);
    await (await gateway.as('after-newcomer')).api('GET', '/v1/account');
    await waitFor('the next one', () => publishedAbout(gateway, 'after-newcomer').length > 0);
    expect(publishedAbout(gateway, 'newcomer')).toEqual([
      { type: 'billing.account.opened', data: { user_id: 'newcomer', email: 'newcomer@example.com' } },
    ]);
  });
});

describe('what every answer carries', () => {
  it('lets only the listed sites read it from a browser, with credentials', async () => {
    const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const allowed = await anonymous('OPTIONS', '/v1/session', { origin: frontend, ...preflight });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(frontend);
    expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
    const refused = await anonymous('OPTIONS', '/v1/session', { origin: 'https://evil.example', ...preflight });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('forbids scripts, frames and foreign content on pages', async () => {
    const { headers, text } = await anonymous('GET', '/pricing');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/<script(?! type="module" src="\/assets\/[\w.?=-]+"><\/script>)|<style|style="|onclick=/);
  });

  it('shows the stylesheet under an address that changes with it, and answers 304 to who has it', async () => {
    const { text } = await anonymous('GET', '/pricing');
    const path = /href="(\/assets\/billhook\.css[^"]*)"/.exec(text)?.[1] ?? '';
    const first = await anonymous('GET', path);
    expect(first.headers.get('content-type')).toContain('text/css');
    expect(first.headers.get('cache-control')).toContain('immutable');
    const again = await anonymous('GET', path, { 'if-none-match': first.headers.get('etag') ?? '' });
    expect([again.status, again.text]).toEqual([304, '']);
    expect((await anonymous('GET', '/assets/billhook.css?v=old')).headers.get('cache-control')).toBe('no-cache');
  });

  it('answers an unknown address with a page to people and a problem to programs', async () => {
    const page = await anonymous('GET', '/nonsense');
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    const problem = await anonymous('GET', '/v1/nonsense');
    expect([problem.status, problem.json['code']]).toEqual([404, 'not_found']);
  });

  it('refuses a body that is larger than anything it takes', async () => {
    const user = await gateway.as('large');
    const answer = await user.api('POST', '/v1/checkout-sessions', { tier: 'x'.repeat(20_000) });
    expect([answer.status, answer.json['code']]).toEqual([413, 'body_too_large']);
  });
});
