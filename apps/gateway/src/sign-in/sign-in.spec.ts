import { isAllowedApiChange, isAllowedApiRead, isOwnForm, sessionCookie } from '@billhook/pages';
import { describe, expect, it, test } from '@jest/globals';
import { accessProblems, publicRoutes } from './access.js';
import type { Route } from './access.js';
import { toCaller } from './caller.js';

describe('accessProblems', () => {
  const listed: Route[] = [...publicRoutes].map((key) => {
    const [method = '', path = ''] = key.split(' ');
    return { method, path, needs: undefined };
  });

  it('finds nothing wrong with the listed routes and marked ones', () => {
    expect(
      accessProblems([...listed, { method: 'GET', path: '/profile', needs: { access: 'page', role: 'user' } }]),
    ).toEqual([]);
  });

  it('names a route that is open by omission', () => {
    const forgotten = { method: 'POST', path: '/v1/secrets', needs: undefined };
    expect(accessProblems([...listed, forgotten])).toEqual([expect.stringContaining('POST /v1/secrets')]);
  });

  it('names a route that is both guarded and on the list, and an entry that no route stands behind', () => {
    const [first, ...rest] = listed;
    if (first === undefined) throw new Error('the list is not empty');
    expect(accessProblems([...rest, { ...first, needs: { access: 'api', role: 'user' } }])).toEqual([
      expect.stringContaining(first.path),
    ]);
    expect(accessProblems(rest)).toEqual([expect.stringContaining('does not exist')]);
  });
});

describe('origins', () => {
  const allowed = new Set(['https://billing.example.com']);
  test.each([
    ['https://billing.example.com', true],
    ['https://billing.example.com.evil.example', false],
    ['http://billing.example.com', false],
    ['https://billing.example.com:444', false],
    ['null', false],
    [undefined, false],
  ])('an API change from %s is allowed: %s', (origin, isAllowed) => {
    expect(isAllowedApiChange({ origin, secFetchSite: undefined }, allowed)).toBe(isAllowed);
  });

  test.each([
    [{ origin: 'https://billing.example.com', secFetchSite: 'same-site' }, true],
    [{ origin: undefined, secFetchSite: 'same-origin' }, true],
    [{ origin: undefined, secFetchSite: 'none' }, true],
    [{ origin: undefined, secFetchSite: undefined }, true],
    [{ origin: 'https://evil.example', secFetchSite: 'same-origin' }, false],
    [{ origin: undefined, secFetchSite: 'same-site' }, false],
    [{ origin: undefined, secFetchSite: 'cross-site' }, false],
    [{ origin: 'null', secFetchSite: undefined }, false],
  ])('an API read with %j is allowed: %s', (headers, isAllowed) => {
    expect(isAllowedApiRead(headers, allowed)).toBe(isAllowed);
  });

  it('a form counts as our own by what the browser says of its site, and only without that by its Origin', () => {
    const own = 'https://billing.example.com';
    expect(isOwnForm({ origin: undefined, secFetchSite: 'same-origin' }, own)).toBe(true);
    expect(isOwnForm({ origin: own, secFetchSite: 'cross-site' }, own)).toBe(false);
    expect(isOwnForm({ origin: own, secFetchSite: undefined }, own)).toBe(true);
    expect(isOwnForm({ origin: undefined, secFetchSite: undefined }, own)).toBe(false);
  });
});

describe('the session cookie', () => {
  test.each([
    ['https://billing.example.com', '__Host-billhook_session', true],
    ['http://localhost:3000', 'billhook_session', false],
    ['http://127.0.0.1:3000', 'billhook_session', false],
  ])('on %s is %s, secure: %s', (publicUrl, name, isSecure) => {
    expect(sessionCookie(publicUrl)).toEqual({ name, isSecure });
  });
});

describe('toCaller', () => {
  const identity = { userId: 'user-1', email: null, roles: [], expiresAt: 0 };

  it('keeps control characters and endless user agents out of what is announced', () => {
    const headers = { 'user-agent': `Fire\u001b[31mfox\r\n${'x'.repeat(1000)}` };
    const { userAgent } = toCaller(identity, 'user', { ip: '203.0.113.7', id: 'request-1', headers });
    expect(userAgent).toMatch(/^Fire \[31mfox {2}x+$/);
    expect(userAgent).toHaveLength(256);
  });

  it('knows no user agent where none was sent', () => {
    expect(toCaller(identity, 'user', { ip: '::1', id: 'request-1', headers: {} }).userAgent).toBeUndefined();
  });
});
