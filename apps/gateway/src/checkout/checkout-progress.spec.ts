import { describe, expect, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import type { Account, SubscriptionView } from '@billhook/contracts';
import { progressOfPaid } from './checkout-progress.js';

const completedAt = new Date('2026-11-10T12:00:00.000Z');
const soon = new Date('2026-11-10T12:00:03.000Z');
const later = new Date('2026-11-10T13:00:00.000Z');
const paid = { subscriptionId: 'sub_sample', completedAt, planName: 'Pro' };

function account(changes: Partial<SubscriptionView>, tier: Account['tier'] = 1): Account {
  const sample = samples['billing.account.changed'];
  if (sample.subscription === null) throw new Error('the golden account has a subscription');
  return { ...sample, tier, subscription: { ...sample.subscription, ...changes } };
}

const free: Account = { ...samples['billing.account.changed'], tier: 0, subscription: null };

describe('a paid session', () => {
  test.each([
    ['active once the account shows its subscription', account({}), soon, 'active'],
    ['confirming while the account shows nothing', free, soon, 'confirming'],
    ['confirming while the account shows another subscription', account({ id: 'sub_other' }), soon, 'confirming'],
    ['confirming while its subscription grants nothing yet', account({ is_active: false }, 0), soon, 'confirming'],
    ['past once its subscription has ended', account({ is_active: false, is_canceled: true }, 0), soon, 'past'],
    ['past when the account moved on long ago', account({ id: 'sub_other' }), later, 'past'],
    ['still active on a late reload', account({}), later, 'active'],
  ] as const)('is %s', (_, current, now, kind) => {
    expect(progressOfPaid(paid, current, now).kind).toBe(kind);
  });
});
