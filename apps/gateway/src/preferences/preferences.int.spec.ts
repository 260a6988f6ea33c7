import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import type { TestBrowser } from '../test-browser.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const plain = {
  theme: 'dark',
  notifications: { email: false, sms: false },
  alert_thresholds: { volume_multiple: 3.5, minimum_volume: 1_000_000 },
};
const free = { email_alerts: false, sms_alerts: false };
const pro = { email_alerts: true, sms_alerts: false };
const elite = { email_alerts: true, sms_alerts: true };

const save = (user: TestBrowser, preferences: unknown) => user.api('PUT', '/v1/preferences', preferences);
const read = async (user: TestBrowser) => (await user.api('GET', '/v1/preferences')).json;

/** On a plan that allows this, at this version of their account. */
async function onPlan(name: string, version: number, allowed: { email_alerts: boolean; sms_alerts: boolean }) {
  const { entitlements } = anAccount(name);
  await gateway.announce(anAccount(name, { version, entitlements: { ...entitlements, ...allowed } }));
  const user = await gateway.as(name);
  await waitFor('the plan', async () => (await user.api('GET', '/v1/account')).json['version'] === version);
  return user;
}

describe('preferences', () => {
  it('of who has never chosen are the usual ones', async () => {
    expect(await read(await gateway.as('undecided'))).toEqual({
      theme: 'system',
      notifications: { email: false, sms: false },
      alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
      available_channels: [],
    });
  });

  it('are kept as they were chosen, for that user alone, and can be chosen again', async () => {
    const [ann, bob] = [await gateway.as('ann'), await gateway.as('bob')];
    const answer = await save(ann, plain);
    expect([answer.status, answer.json]).toEqual([200, { ...plain, available_channels: [] }]);
    await save(ann, { ...plain, theme: 'light' });
    expect(await read(ann)).toMatchObject({ theme: 'light', alert_thresholds: plain.alert_thresholds });
    expect(await read(bob)).toMatchObject({ theme: 'system' });
  });

  it.each(['dark', 'light', 'system'])('know the theme %s', async (theme) => {
    expect((await save(await gateway.as('themed'), { ...plain, theme })).json['theme']).toBe(theme);
  });
});

describe('a channel that the plan lacks', () => {
  test.each([
    ['free-email', free, { email: true, sms: false }, 'email', 1, 'e-mail alerts come with Pro'],
    ['free-sms', free, { email: false, sms: true }, 'sms', 2, 'SMS alerts come with Elite'],
    ['pro-sms', pro, { email: true, sms: true }, 'sms', 2, 'SMS alerts come with Elite'],
  ])('is refused with the tier that has it, and nothing is kept (%s)', async (name, plan, notifications, ...rest) => {
    const [channel, required_tier, detail] = rest;
    const user = await onPlan(name, 1, plan);
    const answer = await save(user, { ...plain, notifications });
    expect([answer.status, answer.json]).toEqual([
      403,
      expect.objectContaining({ code: 'not_entitled', channel, required_tier, detail }),
    ]);
    expect(await read(user)).toMatchObject({ theme: 'system' });
  });

  it('is off after a downgrade, and on again after the next upgrade', async () => {
    const both = { ...plain, notifications: { email: true, sms: true } };
    expect((await save(await onPlan('up-and-down', 1, elite), both)).status).toBe(200);
    const poorer = await read(await onPlan('up-and-down', 2, pro));
    expect(poorer).toMatchObject({ notifications: { email: true, sms: false }, available_channels: ['email'] });
    expect(await read(await onPlan('up-and-down', 3, elite))).toMatchObject(both);
  });
});

describe('preferences that are none', () => {
  const thresholds = (changes: object) => ({ ...plain, alert_thresholds: { ...plain.alert_thresholds, ...changes } });
  test.each([
    ['nothing', {}],
    ['no theme', { ...plain, theme: undefined }],
    ['another theme', { ...plain, theme: 'neon' }],
    ['a channel that is no flag', { ...plain, notifications: { email: 'yes', sms: false } }],
    ['a channel more', { ...plain, notifications: { email: false, sms: false, fax: true } }],
    ['a channel less', { ...plain, notifications: { email: false } }],
    ['channels as a list', { ...plain, notifications: ['email'] }],
    ['channels that are null', { ...plain, notifications: null }],
    ['a multiple below one', thresholds({ volume_multiple: 0.5 })],
    ['a multiple as text', thresholds({ volume_multiple: '3' })],
    ['a multiple beyond all reason', thresholds({ volume_multiple: 1_001 })],
    ['a negative minimum', thresholds({ minimum_volume: -1 })],
    ['thresholds as text', { ...plain, alert_thresholds: 'high' }],
    ['a field more', { ...plain, tier: 2 }],
    ['a user', { ...plain, user_id: 'ann' }],
    ['a list', [plain]],
  ])('%s: are refused by name', async (_, body) => {
    const answer = await save(await gateway.as('careless'), body);
    expect([answer.status, answer.json['code']]).toEqual([400, 'request_invalid']);
    expect(await read(await gateway.as('careless'))).toMatchObject({ theme: 'system' });
  });

  test.each(['{"__proto__":{"theme":"dark"}}', '{"theme":"dark","constructor":{"prototype":{"x":1}}}'])(
    '%s: are refused, and pollute nothing',
    async (body) => {
      const user = await gateway.as('polluter');
      const headers = { ...user.bearer, 'content-type': 'application/json' };
      expect((await user.call('PUT', '/v1/preferences', { body, headers })).status).toBe(400);
      expect(Reflect.get({}, 'theme') ?? Reflect.get({}, 'x')).toBeUndefined();
    },
  );
});
