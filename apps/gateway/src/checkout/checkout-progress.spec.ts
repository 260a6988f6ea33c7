import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import type { Account, SubscriptionView } from '@billhook/contracts';
import { progressOfPaid } from './checkout-progress.js';

const completedAt = new Date('2026-11-10T12:00:00.000Z');
const soon = new Date('2026-11-10T12:00:03.000Z');
const later = new Date('2026-11-10T13:00:00.000Z');
const price = {
  billingCycle: 'monthly' as const,
  amount: 999,
  currency: 'usd',
  isOnSale: true,
  priceIds: ['price_pro_monthly'],
};
const paid = { subscriptionId: 'sub_sample', completedAt, planName: 'Pro', price };

function account(changes: Partial<SubscriptionView>, tier: Account['tier'] = 1): Account {
  const sample = samples['billing.account.changed'];
  if (sample.subscription === null) throw new Error('the golden account has a subscription');
  return { ...sample, tier, subscription: { ...sample.subscription, ...changes } };
}

const free: Account = { ...samples['billing.account.changed'], tier: 0, subscription: null };

const unpaid = (status: string) => ({
  status,
  is_active: false,
  is_canceled: /^(canceled|incomplete_expired)$/.test(status),
});

describe('a paid session', () => {
  test.each([
    ['active once the account shows its subscription', account({}), soon, 'active'],
    ['confirming while the account shows nothing', free, soon, 'confirming'],
    ['confirming while the account shows another subscription', account({ id: 'sub_other' }), soon, 'confirming'],
    ['confirming while its subscription grants nothing yet', account({ is_active: false }, 0), soon, 'confirming'],
    ['in need of action while it is incomplete', account(unpaid('incomplete'), 0), soon, 'action_needed'],
    ['in need of action while its payment is overdue', account(unpaid('past_due'), 0), soon, 'action_needed'],
    ['failed once Stripe has given it up', account(unpaid('incomplete_expired'), 0), soon, 'failed'],
    ['past once its subscription has ended', account(unpaid('canceled'), 0), soon, 'past'],
    ['past when the account moved on long ago', account({ id: 'sub_other' }), later, 'past'],
    ['still active on a late reload', account({}), later, 'active'],
  ] as const)('is %s', (_, current, now, kind) => {
    expect(progressOfPaid(paid, current, now).kind).toBe(kind);
  });
});

describe('a plan that has begun', () => {
  test.each([
    ['with the end of its period', account({}), { on: '2026-12-01T00:00:00.000Z', isAfterTrial: false }],
    [
      'with the end of its trial, which is the first payment',
      account({ status: 'trialing', trial_end: '2026-11-24T00:00:00.000Z' }),
      { on: '2026-11-24T00:00:00.000Z', isAfterTrial: true },
    ],
    ['with nothing where it does not renew', account({ will_renew: false }), null],
  ])('tells of the next payment: %s', (_, current, next) => {
    expect(progressOfPaid(paid, current, soon)).toEqual({ kind: 'active', planName: 'Pro', price, next });
  });
});

describe('a payment that needs something', () => {
  it('leads to Stripe’s page for it as far as that is known', () => {
    const url = 'https://invoice.example.com/i/1';
    const waiting = account(unpaid('incomplete'), 0);
    const action_required = { reason: 'payment_confirmation', invoice_id: 'in_1', url };
    expect(progressOfPaid(paid, { ...waiting, action_required }, soon)).toEqual({ kind: 'action_needed', url });
    expect(progressOfPaid(paid, waiting, soon)).toEqual({ kind: 'action_needed', url: null });
  });
});

describe('a confirmation', () => {
  const after = (ms: number) => new Date(completedAt.getTime() + ms);
  test.each([
    ['has not come', free, 5_000, true],
    ['has not come', free, 4_999, false],
    ['grants nothing yet', account({ is_active: false }, 0), 5_000, true],
  ])('that %s is late after five seconds, and Stripe is asked', (_, current, ms, isLate) => {
    expect(progressOfPaid(paid, current, after(ms))).toEqual({ kind: 'confirming', isLate });
  });
});
