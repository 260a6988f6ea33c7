import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import type { SubscriptionView } from '@billhook/contracts';
import { planCatalogue } from '@billhook/billing';
import { accountAnswer, freeAccount } from './account-answer.js';
import type { AccountAnswer } from './account-answer.js';
import type { PendingChange } from './pending.js';
import { profilePage } from './profile.page.js';
import { profileView } from './profile-view.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const now = new Date('2026-11-10T12:00:00.000Z');

function answer(
  changes: Partial<SubscriptionView> = {},
  { tier = 1, change = null }: { tier?: 0 | 1 | 2; change?: PendingChange | null } = {},
): AccountAnswer {
  const account = samples['billing.account.changed'];
  if (account.subscription === null) throw new Error('the golden account has a subscription');
  return accountAnswer({ ...account, tier, subscription: { ...account.subscription, ...changes } }, change, now);
}

const pending = (kind: PendingChange['kind']): PendingChange => ({
  kind,
  subscriptionId: 'sub_sample',
  plan: kind.startsWith('change') ? { tier: 2, billingCycle: 'yearly' } : null,
  endsAt: kind === 'resume' ? null : new Date('2026-12-01T00:00:00.000Z'),
  requestedAt: now,
});

const show = (account: AccountAnswer): string =>
  profilePage({
    view: profileView(account, catalogue),
    email: 'user-1@example.com',
    message: null,
    dashboardUrl: 'https://app.example.com',
  });

const free = accountAnswer(freeAccount('user-1', catalogue, now), null, now);
const scheduled = { cancel_at_period_end: true, will_renew: false };

describe('the profile says', () => {
  test.each([
    ['Free', free, 'Free costs nothing', []],
    ['a renewal', answer(), 'Pro renews on December 1, 2026', ['cancel', 'manage']],
    ['an end at the period’s end', answer(scheduled), 'Pro ends on December 1, 2026', ['resume', 'manage']],
    [
      'an end by date',
      answer({ cancel_at: '2026-11-20T00:00:00.000Z', will_renew: false }),
      'Pro ends on November 20, 2026',
      ['resume', 'manage'],
    ],
    ['a failed payment', answer({ status: 'past_due' }), 'You keep Pro for now', ['cancel', 'manage']],
    [
      'a subscription that grants nothing',
      answer({ status: 'incomplete_expired', is_active: false }, { tier: 0 }),
      'not active (incomplete expired)',
      ['manage'],
    ],
    [
      'an ended one',
      answer({ status: 'canceled', is_active: false, is_canceled: true }, { tier: 0 }),
      'Free costs nothing',
      ['manage'],
    ],
    [
      'a cancellation before its event has come',
      answer({}, { change: pending('cancel_at_period_end') }),
      'Pro ends on December 1, 2026',
      ['resume', 'manage'],
    ],
    ['a resumption likewise', answer(scheduled, { change: pending('resume') }), 'Pro renews on', ['cancel', 'manage']],
    [
      'a change of plan likewise',
      answer({}, { change: pending('change_now') }),
      'Your plan is changing to Elite yearly',
      ['cancel', 'manage'],
    ],
    [
      'a plan that is to come',
      answer({ scheduled_change: { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } }),
      'You keep Pro until December 1, 2026. From then on your plan is Elite yearly.',
      ['cancel', 'resume', 'manage'],
    ],
    ['an immediate end likewise', answer({}, { change: pending('cancel_now') }), 'is being cancelled', ['manage']],
  ])('%s in words, with the buttons that fit', (_, account, words, buttons) => {
    const text = show(account);
    expect(text).toContain(words);
    const addresses = {
      cancel: '/cancel-subscription',
      resume: '/resume-subscription',
      manage: '/manage-subscription',
    };
    const shown = Object.entries(addresses).flatMap(([name, path]) => (text.includes(`"${path}"`) ? [name] : []));
    expect(shown).toEqual(buttons);
  });

  it('what the plan costs, and when', () => {
    expect(show(answer())).toContain('$9.99 per month');
    expect(show(answer({ billing_cycle: 'yearly' }, { tier: 2 }))).toContain('$299 per year');
  });

  it('nothing of a price that the catalogue does not know', () => {
    expect(profileView(answer({ price_id: 'price_old', tier: null, billing_cycle: null }), catalogue).price).toBeNull();
  });

  it('which change is not confirmed yet', () => {
    expect(show(answer({}, { change: pending('cancel_now') }))).toContain('its confirmation is on the way');
    expect(show(answer())).not.toContain('its confirmation is on the way');
  });

  it('an e-mail as text, whatever it holds', () => {
    const view = profileView(free, catalogue);
    const page = profilePage({ view, email: '<img src=x>', message: null, dashboardUrl: 'https://app.example.com' });
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x&gt;');
  });

  it('the message that a redirect names by its code', () => {
    const view = profileView(free, catalogue);
    const page = profilePage({ view, email: null, message: 'resumed', dashboardUrl: 'https://app.example.com' });
    expect(page).toContain('Welcome back');
  });
});
