import { describe, expect, it, test } from '@jest/globals';
import { defaultGraceDays } from './grace.js';
import { nextLook } from './next-look.js';
import { aRow, day } from './rows.spec-support.js';
import type { SubscriptionRow } from './subscription-row.js';

const minutes = (count: number, after: Date) => new Date(after.getTime() + count * 60_000);

function look(...rows: Partial<SubscriptionRow>[]) {
  return nextLook(
    rows.map((row) => aRow(row)),
    defaultGraceDays,
  );
}

describe('Stripe is asked, should no event come before,', () => {
  test.each<[string, Partial<SubscriptionRow>, Date]>([
    ['period_end', {}, minutes(10, day(30))],
    ['trial_end', { status: 'trialing', trialEnd: day(14), currentPeriodEnd: day(14) }, minutes(10, day(14))],
    ['grace_end', { status: 'past_due', pastDue: { since: day(1), isExact: true } }, day(15)],
    ['cancel_at', { cancelAt: day(20) }, minutes(10, day(20))],
    ['cancel_at', { cancelAtPeriodEnd: true }, minutes(10, day(30))],
    ['resumes_at', { collectionPause: { behavior: 'void', resumesAt: day(9) } }, minutes(10, day(9))],
    ['first_payment_end', { status: 'incomplete' }, minutes(23 * 60 + 10, day(0))],
  ])('because of %s', (reason, row, at) => {
    expect(look(row)).toEqual({ at, subscriptionId: 'sub_1', reason });
  });

  it('about the subscription whose moment is the first', () => {
    expect(look({}, { subscriptionId: 'sub_2', cancelAt: day(7) })).toMatchObject({ subscriptionId: 'sub_2' });
  });
});

describe('Stripe is not asked', () => {
  test.each(['canceled', 'incomplete_expired', 'paused'])('about a subscription that is %s', (status) => {
    expect(look({ status })).toBeNull();
  });

  it('where there is nothing', () => {
    expect(look()).toBeNull();
  });

  it('again about a moment that a newer snapshot lies behind, though it changed nothing', () => {
    const order = { at: day(31), kind: 'fetched', state: 'state', startedFrom: null, events: [] } as const;
    expect(look({ order })).toBeNull();
  });
});

it('what is overdue is due at once: its moment lies in the past', () => {
  expect(look({ currentPeriodEnd: day(1) })?.at).toEqual(minutes(10, day(1)));
});
