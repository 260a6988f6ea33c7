import { describe, expect, it, test } from '@jest/globals';
import { planCatalogue } from '@billhook/billing';
import { channelsOf, defaultPreferences, inEffect, missingChannel } from './preferences.js';
import type { Preferences } from './preferences.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pm'], yearly: ['price_py'] },
  elite: { monthly: ['price_em'], yearly: ['price_ey'] },
});
const { free, pro, elite } = catalogue;

const wanting = (email: boolean, sms: boolean): Preferences => ({
  ...defaultPreferences,
  notifications: { email, sms },
});

describe('a channel', () => {
  test.each([
    ['Free', free, []],
    ['Pro', pro, ['email']],
    ['Elite', elite, ['email', 'sms']],
  ] as const)('on %s is one of its own', (_, plan, channels) => {
    expect(channelsOf(plan.entitlements)).toEqual(channels);
  });

  test.each([
    ['e-mail on Free', free, wanting(true, false), 'email', 1],
    ['SMS on Free', free, wanting(false, true), 'sms', 2],
    ['SMS on Pro', pro, wanting(true, true), 'sms', 2],
    ['both on Free', free, wanting(true, true), 'email', 1],
  ] as const)('that is missing is named with the plan that has it: %s', (_, plan, wanted, channel, tier) => {
    expect(missingChannel(wanted, plan.entitlements, catalogue)).toMatchObject({ channel, plan: { tier } });
  });

  test.each([
    ['nothing on Free', free, wanting(false, false)],
    ['e-mail on Pro', pro, wanting(true, false)],
    ['both on Elite', elite, wanting(true, true)],
  ] as const)('is not missing: %s', (_, plan, wanted) => {
    expect(missingChannel(wanted, plan.entitlements, catalogue)).toBeNull();
  });

  it('that no plan has is missing without a plan', () => {
    const without = { ...elite.entitlements, sms_alerts: false };
    const poorer = { ...catalogue, elite: { ...elite, entitlements: without } };
    expect(missingChannel(wanting(false, true), without, poorer)).toEqual({ channel: 'sms', plan: null });
  });

  it('is off while the plan lacks it, and stays chosen', () => {
    const chosen = wanting(true, true);
    expect(inEffect(chosen, free.entitlements).notifications).toEqual({ email: false, sms: false });
    expect(inEffect(chosen, pro.entitlements).notifications).toEqual({ email: true, sms: false });
    expect(inEffect(chosen, elite.entitlements)).toEqual(chosen);
  });
});
