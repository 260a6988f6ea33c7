import { describe, expect, it, test } from '@jest/globals';
import type { Tier } from '@billhook/contracts';
import { noEvidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { anInvoiceRow, aRow, day, orderAt } from './rows.spec-support.js';
import { tierFor } from './tier-policy.js';
import type { TierQuestion } from './tier-policy.js';
import type { SubscriptionRow } from './subscription-row.js';

function ask(subscriptions: SubscriptionRow[], options: Partial<TierQuestion> = {}) {
  return tierFor({ subscriptions, evidence: noEvidence, now: day(5), graceDays: defaultGraceDays, ...options });
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
    const decision = ask([aRow({ status })]);
    expect(decision.tier).toBe(tier);
    expect(decision.reasons).toEqual([{ code: `subscription_${status}`, text: expect.stringContaining('sub_1') }]);
  });

  it('none at all is Free', () => {
    expect(ask([])).toEqual({
      tier: 0,
      until: null,
      reasons: [expect.objectContaining({ code: 'no_subscription' })],
      alerts: [],
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
  ])('%s, as Stripe says', (_, now, tier, code) => {
    expect(ask([{ ...row, order: orderAt(now) }], { now })).toMatchObject({ tier, reasons: [{ code }] });
  });

  it('keeps the tier after grace until Stripe has answered: the payment may be on its way', () => {
    const reasons = [{ code: 'past_due_in_grace', text: expect.stringContaining('until Stripe has said') }];
    expect(ask([row], { now: day(60) })).toMatchObject({ tier: 1, until: day(15), reasons });
  });

  it('says until when grace lasts, which each plan has its own of', () => {
    const graceDays = { pro: 3, elite: 7 };
    const elite = aRow({ ...row, tier: 2 });
    expect(ask([row], { now: day(2), graceDays })).toMatchObject({ tier: 1, until: day(4) });
    expect(ask([elite], { now: day(2), graceDays })).toMatchObject({ tier: 2, until: day(8) });
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
    expect(ask([old, current])).toMatchObject({ tier: 1, until: null });
  });

  it('last as long as the longest that grants the tier', () => {
    const ending = aRow({ subscriptionId: 'sub_1', cancelAt: day(10) });
    const longer = aRow({ subscriptionId: 'sub_2', cancelAt: day(20) });
    expect(ask([ending, longer]).until).toEqual(day(20));
  });
});

describe('what is not understood', () => {
  const wasElite = { status: 'active', tier: 2, at: day(1), isExact: true } as const;
  const unknown: [string, Partial<SubscriptionRow>, string][] = [
    ['an unknown status', { status: 'hibernating', tier: 2 }, 'status_unknown'],
    ['an unknown price', { tier: null, priceId: 'price_legacy' }, 'price_unknown'],
  ];

  test.each(unknown)('%s keeps the tier that this subscription had, and alerts', (_, overrides, code) => {
    expect(ask([aRow({ ...overrides, lastUnderstood: wasElite })])).toMatchObject({
      tier: 2,
      reasons: [{ code, text: expect.stringContaining('active on Elite') }],
      alerts: [{ code }],
    });
  });

  test.each(unknown)('%s grants nothing where nothing better was ever known, and alerts', (_, overrides, code) => {
    expect(ask([aRow(overrides)])).toMatchObject({ tier: 0, reasons: [{ code }], alerts: [{ code }] });
  });

  test.each(unknown)('%s does not bring back a plan that was not paid for before', (_, overrides) => {
    const wasUnpaid = { ...wasElite, status: 'unpaid' };
    expect(ask([aRow({ ...overrides, lastUnderstood: wasUnpaid })])).toMatchObject({ tier: 0, alerts: [{}] });
  });

  test.each(unknown)('%s does not keep what another subscription gave', (_, overrides) => {
    const ended = aRow({ subscriptionId: 'sub_2', status: 'canceled', tier: 2 });
    expect(ask([aRow(overrides), ended]).tier).toBe(0);
  });

  it('an unknown price that is past due keeps its tier for the grace of its plan', () => {
    const row = aRow({
      status: 'past_due',
      tier: null,
      lastUnderstood: wasElite,
      pastDue: { since: day(3), isExact: true },
    });
    expect(ask([row], { now: day(16) })).toMatchObject({ tier: 2, until: day(17) });
    expect(ask([{ ...row, order: orderAt(day(17)) }], { now: day(17) }).tier).toBe(0);
  });

  it('an unknown status after past due keeps the tier no longer than grace would', () => {
    const lastUnderstood = { ...wasElite, status: 'past_due', at: day(3) };
    const row = aRow({ status: 'hibernating', tier: 2, lastUnderstood });
    const still = { ...row, order: orderAt(day(17)) };
    expect([ask([row], { now: day(17) }).tier, ask([still], { now: day(17) }).tier]).toEqual([2, 0]);
  });

  it('an unknown price that no longer runs keeps nothing', () => {
    expect(ask([aRow({ tier: null, status: 'canceled', lastUnderstood: wasElite })])).toMatchObject({
      tier: 0,
      alerts: [],
    });
  });
});

describe('a pause', () => {
  test.each([
    ['trial_end_without_payment_method', 'its trial ended without a payment method'],
    ['first_payment_failure', 'its first payment failed'],
    ['final_payment_failure', 'the last try to collect its payment failed'],
    ['pause_requested', 'somebody asked for it'],
    ['system', 'Stripe did it by itself'],
    ['moon_phase', 'moon phase'],
  ])('because of %s is Free and says why', (pauseReason, words) => {
    expect(ask([aRow({ status: 'paused', pauseReason })])).toMatchObject({
      tier: 0,
      reasons: [{ code: 'subscription_paused', text: expect.stringContaining(words) }],
    });
  });

  test.each(['keep_as_draft', 'mark_uncollectible', 'haggle'])(
    'of collection alone (%s) keeps the tier: Stripe goes on serving',
    (behavior) => {
      const row = aRow({ collectionPause: { behavior, resumesAt: null } });
      expect(ask([row], { now: day(40) })).toMatchObject({ tier: 1, reasons: [{ code: 'collection_paused' }] });
    },
  );

  it('of collection that voids invoices keeps the tier for what was paid, though Stripe goes on to another period', () => {
    const row = aRow({ collectionPause: { behavior: 'void', resumesAt: null }, currentPeriodEnd: day(60) });
    const evidence = { ...noEvidence, invoices: [anInvoiceRow()] };
    expect(ask([row], { evidence, now: day(29) })).toMatchObject({ tier: 1, until: day(30) });
    expect(ask([row], { evidence, now: day(30) }).tier).toBe(0);
  });

  it('of collection that voids invoices does not put off an end that is scheduled before', () => {
    const row = aRow({ collectionPause: { behavior: 'void', resumesAt: null }, cancelAt: day(20) });
    const evidence = { ...noEvidence, invoices: [anInvoiceRow()] };
    expect(ask([row], { evidence, now: day(5) })).toMatchObject({ tier: 1, until: day(20) });
  });
});

describe('a customer who was deleted', () => {
  it('has no tier any more, though the end of the subscription was never heard of', () => {
    const evidence = { ...noEvidence, deletedCustomerIds: ['cus_1'] };
    const elsewhere = aRow({ subscriptionId: 'sub_2', customerId: 'cus_2' });
    expect(ask([aRow()], { evidence })).toMatchObject({ tier: 0, reasons: [{ code: 'customer_deleted' }] });
    expect(ask([aRow(), elsewhere], { evidence }).tier).toBe(1);
  });
});
