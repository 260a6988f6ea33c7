import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import type { Account, SubscriptionView } from '@billhook/contracts';
import { pendingFor } from './pending.js';
import type { PendingChange } from './pending.js';

const account = samples['billing.account.changed'];
const requestedAt = new Date('2026-11-10T12:00:00.000Z');
const now = new Date('2026-11-10T12:00:05.000Z');

function withSubscription(changes: Partial<SubscriptionView>): Account {
  if (account.subscription === null) throw new Error('the golden account has a subscription');
  return { ...account, subscription: { ...account.subscription, ...changes } };
}

const change = (kind: PendingChange['kind'], subscriptionId = 'sub_sample'): PendingChange => ({
  kind,
  subscriptionId,
  plan: kind.startsWith('change') ? { tier: 2, billingCycle: 'yearly' } : null,
  endsAt: kind === 'resume' ? null : new Date('2026-12-01T00:00:00.000Z'),
  requestedAt,
});

describe('pendingFor', () => {
  it('shows a change until its event has come', () => {
    expect(pendingFor(account, change('cancel_at_period_end'), now)).toEqual({
      change: 'cancel_at_period_end',
      subscription_id: 'sub_sample',
      tier: null,
      billing_cycle: null,
      ends_at: '2026-12-01T00:00:00.000Z',
      requested_at: '2026-11-10T12:00:00.000Z',
      expires_at: '2026-11-10T12:01:00.000Z',
    });
  });

  const elitePlanned = { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } as const;
  const scheduled = { cancel_at_period_end: true, will_renew: false };
  const ended = { is_active: false, is_canceled: true, will_renew: false, status: 'canceled' };
  test.each([
    ['cancel_at_period_end', 'the subscription will not renew', scheduled],
    ['cancel_at_period_end', 'it has ended altogether', ended],
    ['cancel_now', 'it has ended', ended],
    ['resume', 'it will renew', { will_renew: true }],
    ['change_now', 'the plan is there', { tier: 2, billing_cycle: 'yearly' }],
    ['change_at_period_end', 'it is scheduled', { scheduled_change: elitePlanned }],
  ] as const)('drops %s once %s', (kind, _, state) => {
    expect(pendingFor(withSubscription(state), change(kind), now)).toBeNull();
  });

  test.each([
    ['cancel_now', scheduled],
    ['cancel_now', { is_active: false, will_renew: false, status: 'unpaid' }],
    ['resume', scheduled],
    ['resume', { scheduled_change: elitePlanned }],
    ['change_now', { tier: 2, billing_cycle: 'monthly' }],
    ['change_at_period_end', { scheduled_change: { ...elitePlanned, tier: 1 } }],
  ] as const)('keeps %s while the account says %j', (kind, state) => {
    expect(pendingFor(withSubscription(state), change(kind), now)?.change).toBe(kind);
  });

  it('drops a change of a subscription that the account does not show any more', () => {
    expect(pendingFor(account, change('cancel_now', 'sub_other'), now)).toBeNull();
    expect(pendingFor({ ...account, subscription: null }, change('cancel_now'), now)).toBeNull();
  });

  it('names the plan that a change leads to, beside a tier that stays as it is', () => {
    expect(pendingFor(account, change('change_now'), now)).toMatchObject({ tier: 2, billing_cycle: 'yearly' });
  });

  it('is over after a minute, event or not', () => {
    const after = (seconds: number) => new Date(requestedAt.getTime() + seconds * 1000);
    expect(pendingFor(account, change('cancel_now'), after(59))).not.toBeNull();
    expect(pendingFor(account, change('cancel_now'), after(60))).toBeNull();
  });
});
