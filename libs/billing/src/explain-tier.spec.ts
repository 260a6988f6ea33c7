import { describe, expect, it, test } from '@jest/globals';
import { noEvidence } from './evidence.js';
import { explainTier } from './explain-tier.js';
import { defaultGraceDays } from './grace.js';
import { aDisputeRow, anInvoiceRow, aRefundRow, aRow, day, orderAt } from './rows.spec-support.js';
import type { SubscriptionRow } from './subscription-row.js';
import type { TierQuestion } from './tier-policy.js';

function explain(row: Partial<SubscriptionRow>, options: Partial<TierQuestion> = {}) {
  const question = { evidence: noEvidence, now: day(5), graceDays: defaultGraceDays, ...options };
  return explainTier({ subscriptions: [aRow(row)], ...question });
}

const pastDue = { status: 'past_due', pastDue: { since: day(1), isExact: true } };
const paid = { ...noEvidence, invoices: [anInvoiceRow()] };

describe('what would change a tier next', () => {
  test.each<[string, Partial<SubscriptionRow>, Partial<TierQuestion>, Date | null, RegExp]>([
    ['renewal', {}, {}, day(30), /^Pro renews/],
    ['a scheduled end', { cancelAt: day(20) }, {}, day(20), /^Free, unless the cancellation is undone/],
    ['the end of a trial', { status: 'trialing', trialEnd: day(14) }, {}, day(14), /^The trial ends/],
    ['the end of grace', pastDue, {}, day(15), /^Free, unless a payment succeeds/],
    ['an answer that is overdue', {}, { now: day(31) }, new Date(day(30).getTime() + 600_000), /^Stripe has not told/],
    ['its answer on an end', { cancelAt: day(4) }, {}, new Date(day(4).getTime() + 600_000), /^Stripe has not told/],
    ['its answer on a grace', pastDue, { now: day(20) }, day(15), /^Free, unless a payment succeeded before/],
    [
      'a payment after grace',
      { ...pastDue, order: orderAt(day(15)) },
      {},
      null,
      /^Pro comes back as soon as a payment succeeds/,
    ],
    ['a first payment', { status: 'incomplete' }, {}, null, /^Pro begins when/],
    ['being active again', { status: 'paused' }, {}, null, /^Pro comes back when/],
    ['a newer invoice', {}, { evidence: { ...paid, refunds: [aRefundRow()] } }, null, /next invoice/],
    ['a dispute that is won', {}, { evidence: { ...paid, disputes: [aDisputeRow()] } }, null, /dispute is won/],
    ['somebody who looks', { status: 'hibernating' }, {}, null, /^Somebody has to look/],
    ['resumed collection', { collectionPause: { behavior: 'void', resumesAt: day(9) } }, {}, day(30), /^Free, unless/],
  ])('is %s', (_, row, options, at, text) => {
    expect(explain(row, options).outlook).toEqual([{ subscriptionId: 'sub_1', at, text: expect.stringMatching(text) }]);
  });

  it('is nothing for what has ended', () => {
    expect(explain({ status: 'canceled' })).toMatchObject({ tier: 0, outlook: [], nextLook: null });
  });

  it('comes in the order in which it may happen', () => {
    const { outlook } = explain({ pendingUpdateExpiresAt: day(6) });
    expect(outlook.map(({ at }) => at)).toEqual([day(6), day(30)]);
  });
});

describe('an explanation', () => {
  it('says when Stripe will be asked', () => {
    expect(explain({}).nextLook).toMatchObject({ reason: 'period_end', subscriptionId: 'sub_1' });
  });

  it('alerts of a refund that leads to no invoice', () => {
    const evidence = { ...noEvidence, refunds: [aRefundRow()] };
    expect(explain({}, { evidence })).toMatchObject({ tier: 1, alerts: [{ code: 'payment_of_unknown_invoice' }] });
  });
});
