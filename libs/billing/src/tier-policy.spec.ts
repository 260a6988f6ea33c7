import { describe, expect, it, test } from '@jest/globals';
import type { Tier } from '@billhook/contracts';
import { aRow, day } from './rows.spec-support.js';
import { tierFor } from './tier-policy.js';
import type { SubscriptionRow } from './subscription-row.js';

function ask(subscriptions: SubscriptionRow[], options: { previousTier?: Tier; now?: Date; graceDays?: number } = {}) {
  const { previousTier = 0, now = day(5), graceDays = 14 } = options;
  return tierFor({ subscriptions, now, previousTier, graceDays });
}

describe('one subscription', () => {
  test.each<[string, Tier]>([
    ['active', 1],
    ['trialing', 1],
    ['incomplete', 0],
    ['incomplete_expired', 0],
    ['unpaid', 0],
    ['paused', 0],
    ['canceled', 0],
  ])('%s gives tier %i, and the reason says so', (status, tier) => {
    const decision = ask([aRow({ status })], { previousTier: 1 });
    expect(decision.tier).toBe(tier);
    expect(decision.reasons).toEqual([{ code: `subscription_${status}`, text: expect.stringContaining('sub_1') }]);
  });

  it('none at all is Free', () => {
    expect(ask([], { previousTier: 2 })).toEqual({
      tier: 0,
      until: null,
      reasons: [expect.objectContaining({ code: 'no_subscription' })],
    });
  });
});

describe('a scheduled cancellation', () => {
  it('keeps the tier until the paid period ends, whichever field Stripe scheduled it with', () => {
    const byFlag = ask([aRow({ cancelAtPeriodEnd: true, cancelAt: null, currentPeriodEnd: day(30) })]);
    const byTime = ask([aRow({ cancelAtPeriodEnd: false, cancelAt: day(20), currentPeriodEnd: day(30) })]);
    expect(byFlag).toMatchObject({ tier: 1, until: day(30) });
    expect(byTime).toMatchObject({ tier: 1, until: day(20) });
  });

  it('does not take the tier by the clock: only Stripe ends a subscription', () => {
    expect(ask([aRow({ cancelAt: day(20) })], { now: day(60) }).tier).toBe(1);
  });
});

describe('past due', () => {
  const row = aRow({ status: 'past_due', pastDue: { since: day(1), isExact: true } });

  test.each<[string, Date, Tier, string]>([
    ['a moment before grace ends', new Date(day(15).getTime() - 1), 1, 'past_due_in_grace'],
    ['when grace ends', day(15), 0, 'past_due_grace_over'],
  ])('%s', (_, now, tier, code) => {
    expect(ask([row], { now, previousTier: 1 })).toMatchObject({ tier, reasons: [{ code }] });
  });

  it('says until when grace lasts', () => {
    expect(ask([row], { now: day(2), graceDays: 3 })).toMatchObject({ tier: 1, until: day(4) });
  });
});

describe('several subscriptions', () => {
  it('count with the best of them', () => {
    const pro = aRow({ subscriptionId: 'sub_1', tier: 1 });
    const elite = aRow({ subscriptionId: 'sub_2', tier: 2 });
    expect(ask([pro, elite]).tier).toBe(2);
  });

  it('do not lose the tier when an old one ends', () => {
    const old = aRow({ subscriptionId: 'sub_1', tier: 2, status: 'canceled' });
    const current = aRow({ subscriptionId: 'sub_2', tier: 1 });
    expect(ask([old, current], { previousTier: 1 })).toMatchObject({ tier: 1, until: null });
  });

  it('last as long as the longest that grants the tier', () => {
    const ending = aRow({ subscriptionId: 'sub_1', cancelAt: day(10) });
    const longer = aRow({ subscriptionId: 'sub_2', cancelAt: day(20) });
    expect(ask([ending, longer]).until).toEqual(day(20));
  });
});

describe('what is not understood', () => {
  test.each<[string, Partial<SubscriptionRow>, string]>([
    ['an unknown status', { status: 'hibernating' }, 'status_unknown'],
    ['an unknown price', { tier: null, priceId: 'price_legacy' }, 'price_unknown'],
  ])('%s keeps the tier, whatever it was, and says so', (_, overrides, code) => {
    for (const previousTier of [0, 1, 2] as const) {
      expect(ask([aRow(overrides)], { previousTier })).toMatchObject({ tier: previousTier, reasons: [{ code }] });
    }
  });

  it('an unknown price that no longer runs keeps nothing', () => {
    expect(ask([aRow({ tier: null, status: 'canceled' })], { previousTier: 2 }).tier).toBe(0);
  });
});
