import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestIdentityProvider, waitFor } from '@billhook/testing';
import { startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { toFields } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** What the trail is told of refusals with a code. */
const reports = (code: string): Record<string, unknown>[] =>
  gateway.tap.events
    .filter(({ routingKey }) => routingKey === 'gateway.request.refused')
    .map(({ body }) => toFields(body.toString()))
    .filter((data) => data['code'] === code);

const counted = (code: string): number => reports(code).reduce((sum, { count }) => sum + Number(count), 0);

describe('S18: the trail', () => {
  it('hears of who reached for another user’s session, and which', async () => {
    const ann = await gateway.as('ann');
    const { json } = await ann.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
    const mallory = await gateway.as('mallory');
    expect((await mallory.api('GET', `/v1/checkout-sessions/${String(json['id'])}`)).status).toBe(404);
    await waitFor('the report', () => reports('not_found').length > 0);
    expect(reports('not_found')).toEqual([
      {
        code: 'not_found',
        route: 'GET /v1/checkout-sessions/:id',
        target: json['id'],
        user_id: 'mallory',
        remote_address: '127.0.0.1',
        count: 1,
      },
    ]);
  });

  it('hears of it on the success page too, where the id stands in the query', async () => {
    const bob = await gateway.as('bob');
    const { json } = await bob.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
    const mallory = await gateway.as('mallory');
    expect((await mallory.page(`/payment/success?session_id=${String(json['id'])}`)).status).toBe(404);
    const ofBob = () => reports('not_found').filter(({ target }) => target === json['id']);
    await waitFor('the report', () => ofBob().length > 0);
    expect(ofBob()).toEqual([expect.objectContaining({ route: 'GET /payment/success', user_id: 'mallory' })]);
  });

  it('hears of every token that was refused, however many came at once, and of no stranger without one', async () => {
    const other = await startTestIdentityProvider();
    const forged = await other.tokenFor({ sub: 'ann' });
    await other.close();
    const ann = await gateway.as('ann');
    const tries = Array.from({ length: 30 }, () =>
      ann.api('GET', '/v1/account', undefined, { authorization: `Bearer ${forged}` }),
    );
    await Promise.all(tries);
    await ann.api('GET', '/v1/account', undefined, {});
    await waitFor('the report', () => counted('token_invalid') >= 30);
    expect(counted('token_invalid')).toBe(30);
    expect(reports('token_invalid').length).toBeLessThan(10);
    expect(reports('token_invalid')[0]).toMatchObject({ user_id: null, target: null, route: 'GET /v1/account' });
    expect(reports('token_missing')).toEqual([]);
  });

  it('hears of an expired session on a page, which itself only leads to the sign-in page', async () => {
    const late = await gateway.as('late', { expiresIn: '-1m' });
    expect((await late.page('/profile')).status).toBe(303);
    await waitFor('the report', () => counted('token_expired') === 1);
  });

  it('hears of a forged Origin, a missing role and a form that is not ours', async () => {
    const user = await gateway.as('various');
    await user.api('POST', '/v1/subscription/cancel', {}, { ...user.cookie, origin: 'https://evil.example' });
    await user.submit('/cancel-subscription', { form_token: 'x' });
    await (await gateway.as('machine', { roles: ['service'] })).api('GET', '/v1/account');
    for (const code of ['origin_not_allowed', 'form_token_invalid', 'role_missing']) {
      await waitFor(code, () => counted(code) === 1);
    }
  });
});
