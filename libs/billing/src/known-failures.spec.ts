import { aSubscription, started } from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import { duplicatesAmong } from './duplicate-subscriptions.js';
import { noEvidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { nextLook } from './next-look.js';
import { aDisputeRow, anInvoiceRow, aRefundRow, aRow, day, orderAt } from './rows.spec-support.js';
import type { SubscriptionRow } from './subscription-row.js';
import { isScheduledToEnd } from './subscription-row.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';
import { tierFor } from './tier-policy.js';
import type { TierQuestion } from './tier-policy.js';

/**
 * What users of other billing systems suffer, each seen in public issue trackers, as far as it is a matter of rules. The titles
 * name the trouble; `e2e/known-failures.spec.ts` lists all of them, also those that other specs hold.
 */
function tier(rows: Partial<SubscriptionRow>[], options: Partial<TierQuestion> = {}): number {
  const subscriptions = rows.map((row) => aRow(row));
  return tierFor({ subscriptions, evidence: noEvidence, now: day(5), graceDays: defaultGraceDays, ...options }).tier;
}

describe('past_due gates paying customers', () => {
  const pastDue = { status: 'past_due', pastDue: { since: day(5), isExact: true } };

  it('not here: they keep what they have for as long as Stripe tries again', () => {
    expect(tier([pastDue], { now: day(18) })).toBe(1);
    expect(tier([{ ...pastDue, order: orderAt(day(19)) }], { now: day(19) })).toBe(0);
  });
});

describe('cancel_at versus cancel_at_period_end', () => {
  test.each([
    ['the flag', { cancelAtPeriodEnd: true }],
    ['the date', { cancelAt: day(30) }],
    ['both', { cancelAtPeriodEnd: true, cancelAt: day(30) }],
  ])('%s means that it is scheduled to end, and until then it is paid for', (_, fields) => {
    expect([isScheduledToEnd(aRow(fields)), tier([fields])]).toEqual([true, 1]);
  });
});

describe('refunds and disputes do not revoke', () => {
  const invoices = [anInvoiceRow()];

  it('here a full refund does, and a chargeback', () => {
    expect(tier([{}], { evidence: { ...noEvidence, invoices, refunds: [aRefundRow()] } })).toBe(0);
    expect(tier([{}], { evidence: { ...noEvidence, invoices, disputes: [aDisputeRow()] } })).toBe(0);
  });
});

describe('deleted on an old subscription downgrades a user who has another', () => {
  it('not here: the tier is the best of all', () => {
    const old = { subscriptionId: 'sub_old', status: 'canceled', tier: 2 } as const;
    expect([tier([old, {}]), tier([{}, old])]).toEqual([1, 1]);
  });
});

describe('an unknown or legacy price becomes Free', () => {
  it('not here: the subscription keeps what it had', () => {
    const lastUnderstood = { status: 'active', tier: 2, at: day(1), isExact: true } as const;
    expect(tier([{ priceId: 'price_legacy', tier: null, lastUnderstood }])).toBe(2);
  });
});

describe('a missed webhook leaves a state for good', () => {
  it('not here: once its period is over, Stripe is due to be asked', () => {
    expect(nextLook([aRow()], defaultGraceDays)).toMatchObject({ subscriptionId: 'sub_1', reason: 'period_end' });
  });
});

describe('a double subscription is charged twice', () => {
  it('and is found: what runs beside another, the oldest first', () => {
    const second = aRow({ subscriptionId: 'sub_2', createdAt: day(3), status: 'past_due' });
    const ended = aRow({ subscriptionId: 'sub_3', status: 'canceled' });
    expect(duplicatesAmong([second, ended, aRow()]).map((row) => row.subscriptionId)).toEqual(['sub_1', 'sub_2']);
    expect(duplicatesAmong([ended, aRow()])).toEqual([]);
  });
});

describe('a customer was deleted, and access goes on', () => {
  it('not here, though the end of the subscription was missed', () => {
    expect(tier([{}], { evidence: { ...noEvidence, deletedCustomerIds: ['cus_1'] } })).toBe(0);
  });
});

describe('a period on the subscription and none on its items', () => {
  it('is found in either place', () => {
    const old = { ...aSubscription(), current_period_end: started + 60, current_period_start: started };
    const items = { data: [{ price: 'price_pro_monthly' }] };
    expect(toSubscriptionSnapshot({ ...old, items })).toMatchObject({
      value: { items: [{ currentPeriodEnd: new Date((started + 60) * 1000) }] },
    });
  });
});
