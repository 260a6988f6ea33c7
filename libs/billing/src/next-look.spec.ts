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

const answeredAt = (at: Date) => ({ at, kind: 'fetched', state: 'state', startedFrom: null, events: [] }) as const;

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

  it('at the end of the grace that an unknown status left a subscription', () => {
    const lastUnderstood = { status: 'past_due', tier: 1, at: day(1), isExact: true } as const;
    expect(look({ status: 'hibernating', lastUnderstood })).toMatchObject({ at: day(15), reason: 'grace_end' });
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

  it('again about a grace that its own answer shows to have ended unpaid', () => {
    const pastDue = { since: day(1), isExact: true };
    expect(look({ status: 'past_due', pastDue, order: answeredAt(day(15)) })).toMatchObject({ reason: 'period_end' });
  });
});

describe('an event after the end of a grace', () => {
  it('has Stripe asked at once, since the grace may be that of a failure before', () => {
    const row = { status: 'past_due', pastDue: { since: day(1), isExact: true } };
    const order = { ...answeredAt(day(17)), kind: 'updated' } as const;
    expect(look({ ...row, order })).toMatchObject({ reason: 'grace_end', at: day(15) });
  });
});

describe('an answer that changed nothing', () => {
  const periodEnd = minutes(10, day(30));

  test.each([
    ['at once', 0, 10],
    ['ten minutes late', 10, 20],
    ['an hour late', 60, 120],
    ['a day late', 24 * 60, 48 * 60],
    ['a week late', 7 * 24 * 60, 8 * 24 * 60],
  ])('%s leads to the next question after a pause that doubles, up to a day', (_when, late, next) => {
    const order = answeredAt(minutes(late, periodEnd));
    expect(look({ order })).toEqual({ at: minutes(next, periodEnd), subscriptionId: 'sub_1', reason: 'period_end' });
  });

  test.each<[string, Partial<SubscriptionRow>]>([
    ['trial_end', { status: 'trialing', trialEnd: day(14) }],
    ['cancel_at', { cancelAt: day(14) }],
    ['resumes_at', { collectionPause: { behavior: 'void', resumesAt: day(14) } }],
    ['first_payment_end', { status: 'incomplete', createdAt: minutes(-23 * 60, day(14)) }],
  ])('asks on about %s', (reason, row) => {
    const answered = minutes(10, day(14));
    expect(look({ ...row, order: answeredAt(answered) })).toMatchObject({ at: minutes(10, answered), reason });
  });
});

it('what is overdue is due at once: its moment lies in the past', () => {
  expect(look({ currentPeriodEnd: day(1) })?.at).toEqual(minutes(10, day(1)));
});
