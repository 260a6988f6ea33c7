import { issueFormToken } from '@billhook/pages';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { waitFor } from '@billhook/testing';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

async function aSubscriber(name: string) {
  const user = await gateway.as(name);
  const session = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  await gateway.simulator.pay(String(session.json['url']));
  return user;
}

const tokenOn = (page: string): string => /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';

describe('a form', () => {
  it('of a page that was loaded is taken once, and refused when it is sent again', async () => {
    const user = await aSubscriber('twice');
    const form_token = tokenOn((await user.page('/profile')).text);
    const first = await user.submit('/cancel-subscription', { immediate: 'false', form_token });
    expect([first.status, first.headers.get('location')]).toEqual([303, '/profile?message=cancel_scheduled']);
    const again = await user.submit('/cancel-subscription', { immediate: 'true', form_token });
    expect(again.status).toBe(409);
    expect(again.text).toContain('form_replayed');
    await waitFor('the first', () => publishedAbout(gateway, 'twice').some(({ type }) => /cancellation/.test(type)));
    const requested = publishedAbout(gateway, 'twice').filter(({ type }) => /cancellation/.test(type));
    expect(requested.map(({ data }) => data['immediate'])).toEqual([false]);
  });

  it('F59, S32: that twenty hands send at once is taken once', async () => {
    const user = await aSubscriber('twenty-hands');
    const form_token = user.formToken();
    const send = () => user.submit('/cancel-subscription', { immediate: 'false', form_token });
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      303,
      ...Array<number>(19).fill(409),
    ]);
  });

  it('is refused on another replica as well', async () => {
    const user = await gateway.as('elsewhere');
    const other = await (await gateway.startReplica()).as('elsewhere');
    const form_token = user.formToken();
    const headers = { cookie: user.cookie['cookie'] ?? '', 'sec-fetch-site': 'same-origin' };
    expect((await user.submit('/sign-out', { form_token }, headers)).status).toBe(303);
    const again = await other.submit('/sign-out', { form_token }, headers);
    expect([again.status, again.text]).toEqual([409, expect.stringContaining('form_replayed')]);
  });

  it('that failed may be sent again from the same page', async () => {
    const user = await aSubscriber('retrying');
    const form_token = user.formToken();
    gateway.simulator.setWeather('failing', /POST \/v1\/subscriptions/);
    const failed = await user.submit('/cancel-subscription', { immediate: 'false', form_token });
    expect(failed.status).toBe(502);
    gateway.simulator.setWeather('clear');
    expect((await user.submit('/cancel-subscription', { immediate: 'false', form_token })).status).toBe(303);
  });

  test.each([
    ['none', ''],
    ['one that is no token', 'x'],
    ['one of another session', issueFormToken('another.session', 'AAAAAAAAAAAAAAAAAAAAAA', new Date())],
  ])('with %s for a token is refused, though it comes from our own site', async (_, form_token) => {
    const user = await gateway.as('forging');
    const answer = await user.submit('/cancel-subscription', { immediate: 'true', form_token });
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('form_token_invalid')]);
  });

  it('from a page that was loaded yesterday is refused', async () => {
    const user = await gateway.as('yesterday');
    const form_token = issueFormToken(user.token, 'AAAAAAAAAAAAAAAAAAAAAA', new Date(Date.now() - 24 * 3600_000));
    const answer = await user.submit('/cancel-subscription', { immediate: 'true', form_token });
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('form_token_invalid')]);
  });

  it('is for browsers: a bearer token does not stand in for the cookie', async () => {
    const user = await gateway.as('by-program');
    const answer = await user.submit('/cancel-subscription', {}, { ...user.bearer, cookie: '' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringContaining('/sign-in')]);
  });

  test.each([
    [
      'the page that it was on',
      '/change-plan?tier=2&billing_cycle=monthly',
      '/change-plan?tier=2&billing_cycle=monthly',
    ],
    ['that without what it said of an earlier form', '/preferences?message=saved', '/preferences'],
    ['the profile where the page was the answer to a form', '/change-plan', '/profile'],
    ['the profile where the page is another site’s', 'https://evil.example/preferences', '/profile'],
    ['the profile where there is no such address', 'nowhere', '/profile'],
  ])('of a session that has ended leads by signing in to %s', async (_, page, back) => {
    const user = await gateway.as('ended');
    const referer = page.startsWith('/') ? gateway.publicUrl + page : page;
    const headers = { 'sec-fetch-site': 'same-origin', origin: gateway.publicUrl, cookie: '', referer };
    const { status, headers: answered } = await user.submit('/cancel-subscription', {}, headers);
    const signIn = new URL(answered.get('location') ?? '');
    expect([status, signIn.searchParams.get('return_to')]).toEqual([303, gateway.publicUrl + back]);
  });

  test.each(['application/json', 'text/plain'])('does not come as %s', async (type) => {
    const user = await gateway.as('other-types');
    const answer = await user.call('POST', '/cancel-subscription', {
      body: JSON.stringify({ immediate: 'true' }),
      headers: { ...user.cookie, 'sec-fetch-site': 'same-origin', 'content-type': type },
    });
    expect(answer.status).toBe(415);
  });
});

describe('signing out', () => {
  it('by the page’s button takes the cookie back and leads to the prices', async () => {
    const user = await gateway.as('leaving');
    const answer = await user.submit('/sign-out', {});
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pricing']);
    expect(answer.headers.get('set-cookie')).toMatch(/^billhook_session=;.*Expires=Thu, 01 Jan 1970/);
  });

  it('is not a link that another page could have somebody follow', async () => {
    const user = await gateway.as('staying');
    expect((await user.page('/sign-out')).status).toBe(404);
  });
});

describe('a role', () => {
  it('that is not user’s opens no account and gets no page', async () => {
    const service = await gateway.as('service-alone', { roles: ['service'] });
    const answer = await service.api('GET', '/v1/account');
    expect([answer.status, answer.json['code']]).toEqual([403, 'role_missing']);
    const page = await service.page('/profile');
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('role_missing')]);
    const rows: unknown[] = await gateway.dataSource.query(`SELECT 1 FROM app_user WHERE user_id = 'service-alone'`);
    expect(rows).toEqual([]);
  });
});
