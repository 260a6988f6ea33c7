import { started } from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aRow } from './rows.spec-support.js';
import { toStripeFact } from './stripe-event.js';
import type { StripeFact } from './stripe-event.js';
import { scheduledEnd } from './subscription-row.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

const versions = [
  '2020-08-27',
  '2022-11-15',
  '2025-03-31.basil',
  '2025-09-30.clover',
  '2026-03-25.dahlia',
  '2026-10-28.endive',
] as const;
type Version = (typeof versions)[number];

/** Basil took an invoice's payments, and the period of a subscription, from where they had been. */
const sinceBasil = (version: Version) => version >= '2025-03-31';

interface FixtureFile {
  /** That no real account is in it. */
  constructed: string;
  events: Record<string, { data: { object: { object: string } } }>;
}

const files = new Map(versions.map((version) => [version, fileOf(version)]));

function fileOf(version: Version): FixtureFile {
  return JSON.parse(readFileSync(new URL(`./fixtures/${version}.json`, import.meta.url), 'utf8'));
}

function factOf(version: Version, name: string): StripeFact {
  const event = files.get(version)?.events[name];
  if (event === undefined) throw new Error(`no fixture ${name} of ${version}`);
  const fact = toStripeFact(event);
  if (!fact.ok) throw new Error(`${version} ${name}: cannot read ${fact.path}`);
  return fact.value;
}

function snapshotOf(version: Version, name: string): SubscriptionSnapshot {
  const fact = factOf(version, name);
  if (fact.kind !== 'subscription') throw new Error(`${name} is not about a subscription`);
  return fact.event.snapshot;
}

const day = (count: number) => new Date((started + count * 86_400) * 1000);
const periodEnd = day(30);
const pro = [{ priceId: 'price_pro_monthly', currentPeriodStart: day(0), currentPeriodEnd: periodEnd }];
const trial = [{ priceId: 'price_pro_monthly', currentPeriodStart: day(0), currentPeriodEnd: day(14) }];

const running: SubscriptionSnapshot = {
  subscriptionId: 'sub_1',
  customerId: 'cus_1',
  userId: 'user_1',
  status: 'active',
  pauseReason: null,
  collectionPause: null,
  items: pro,
  cancelAtPeriodEnd: false,
  cancelAt: null,
  canceledAt: null,
  endedAt: null,
  trialStart: null,
  trialEnd: null,
  pendingUpdateExpiresAt: null,
  latestInvoiceId: 'in_1',
  scheduleId: null,
  discountIds: [],
  createdAt: day(0),
};
const trialing = { ...running, status: 'trialing', items: trial, trialStart: day(0), trialEnd: day(14) };

/** The same fact in every version, by the name of its event. */
const snapshots: Record<string, SubscriptionSnapshot> = {
  subscription_created_incomplete: { ...running, status: 'incomplete' },
  subscription_on_a_plan: running,
  subscription_trialing: { ...trialing, discountIds: ['di_1'], scheduleId: 'sub_sched_1' },
  subscription_trial_will_end: trialing,
  subscription_collection_paused: { ...running, collectionPause: { behavior: 'void', resumesAt: day(60) } },
  subscription_pending_update: { ...running, pendingUpdateExpiresAt: day(8) },
  subscription_deleted: { ...running, status: 'canceled', canceledAt: day(20), endedAt: day(20) },
};

const invoice = {
  invoiceId: 'in_1',
  customerId: 'cus_1',
  subscriptionId: 'sub_1',
  status: 'paid',
  amountPaid: 999,
  amountRemaining: 0,
  currency: 'usd',
  attemptCount: 1,
  covers: { start: day(0), end: periodEnd },
  priceIds: ['price_pro_monthly'],
  paidAt: new Date((started + 5) * 1000),
};
const unpaid = {
  ...invoice,
  invoiceId: 'in_2',
  status: 'open',
  amountPaid: 0,
  amountRemaining: 999,
  attemptCount: 2,
  covers: { start: periodEnd, end: day(61) },
  paidAt: null,
};
const upgrade = {
  ...invoice,
  invoiceId: 'in_3',
  amountPaid: 1000,
  covers: { start: day(15), end: periodEnd },
  priceIds: ['price_elite_monthly'],
  paidAt: new Date(day(15).getTime() + 5000),
};
const session = { sessionId: 'cs_test_1', customerId: 'cus_1', userId: 'user_1', subscriptionId: 'sub_1' };
const dispute = {
  disputeId: 'dp_1',
  chargeId: 'ch_1',
  paymentIntentId: 'pi_1',
  amount: 999,
  currency: 'usd',
  reason: 'fraudulent',
  createdAt: day(12),
};
const refund = { refundId: 're_1', chargeId: 'ch_1', paymentIntentId: 'pi_1', amount: 999, currency: 'usd' };

/** Facts about money and people: in every version at least this. */
const others: Record<string, object> = {
  invoice_paid: { kind: 'payment', outcome: 'succeeded', invoice },
  invoice_payment_failed: { kind: 'payment', outcome: 'failed', invoice: unpaid },
  invoice_payment_action_required: { kind: 'action_required', invoice: unpaid },
  invoice_marked_uncollectible: { kind: 'invoice_closed', invoice: { ...unpaid, status: 'uncollectible' } },
  invoice_voided: { kind: 'invoice_closed', invoice: { ...unpaid, status: 'void' } },
  invoice_paid_for_an_upgrade: { kind: 'payment', outcome: 'succeeded', invoice: upgrade },
  checkout_completed: { kind: 'checkout', userId: 'user_1', session: { ...session, paymentStatus: 'paid' } },
  checkout_async_payment_failed: {
    kind: 'checkout_settled',
    outcome: 'failed',
    session: { ...session, paymentStatus: 'unpaid' },
  },
  charge_refunded: { kind: 'charge_refunded', customerId: 'cus_1', charge: { chargeId: 'ch_1', amountRefunded: 999 } },
  refund_failed: { kind: 'refund', refund: { ...refund, status: 'failed', createdAt: day(3) } },
  dispute_created: { kind: 'dispute', dispute: { ...dispute, status: 'needs_response' } },
  dispute_closed: { kind: 'dispute', dispute: { ...dispute, status: 'won' } },
  customer_created: { kind: 'customer', customerId: 'cus_1', userId: 'user_1' },
  customer_deleted: { kind: 'customer_deleted', customerId: 'cus_1' },
  schedule_updated: {
    kind: 'schedule',
    customerId: 'cus_1',
    schedule: {
      scheduleId: 'sub_sched_1',
      customerId: 'cus_1',
      subscriptionId: 'sub_1',
      status: 'active',
      nextPhases: [{ startsAt: periodEnd, priceIds: ['price_elite_monthly'] }],
    },
  },
};

describe.each(versions)('in API version %s (API shape drift)', (version) => {
  it('the fixtures are marked as constructed, and there are some of each object', () => {
    const { constructed, events } = fileOf(version);
    expect(constructed).toMatch(/^Constructed /);
    const objects = new Set(Object.values(events).map(({ data }) => data.object.object));
    const wanted = ['subscription', 'invoice', 'checkout.session', 'charge', 'refund', 'dispute', 'customer'];
    expect([...objects]).toEqual(expect.arrayContaining(wanted));
  });

  it('every fixture is of that version and can be read', () => {
    for (const [name, event] of Object.entries(files.get(version)?.events ?? {})) {
      expect(event).toMatchObject({ api_version: version });
      expect([name, toStripeFact(event).ok]).toEqual([name, true]);
    }
  });

  test.each(Object.entries(snapshots))('%s reads the same', (name, snapshot) => {
    expect(snapshotOf(version, name)).toEqual(snapshot);
  });

  it('a renewal on another plan reads the same, before and after', () => {
    const elite = { priceId: 'price_elite_monthly', currentPeriodStart: periodEnd, currentPeriodEnd: day(61) };
    expect(factOf(version, 'subscription_updated')).toMatchObject({
      event: { snapshot: { ...running, items: [elite], latestInvoiceId: 'in_2' }, before: running },
    });
  });

  it('a cancellation in the portal reads as the same moment, whichever field holds it', () => {
    const { cancelAt, cancelAtPeriodEnd } = snapshotOf(version, 'subscription_cancel_scheduled');
    const row = aRow({ cancelAt, cancelAtPeriodEnd, currentPeriodEnd: periodEnd });
    expect(scheduledEnd(row)).toEqual(periodEnd);
  });

  it('a paused subscription says why as soon as Stripe does', () => {
    const pauseReason = version === '2026-10-28.endive' ? 'trial_end_without_payment_method' : null;
    expect(snapshotOf(version, 'subscription_paused')).toEqual({ ...trialing, status: 'paused', pauseReason });
  });

  test.each(Object.entries(others))('%s reads the same', (name, fact) => {
    expect(factOf(version, name)).toMatchObject(fact);
  });

  it('a charge leads to its invoice: by itself until basil, by an InvoicePayment since', () => {
    const link = { chargeId: 'ch_1', paymentIntentId: 'pi_1' };
    const isNew = sinceBasil(version);
    expect(factOf(version, 'charge_refunded')).toMatchObject({ charge: { invoiceId: isNew ? null : 'in_1' } });
    expect(factOf(version, 'invoice_paid')).toMatchObject({ invoice: { payments: isNew ? [] : [link] } });
    if (!isNew) return;
    expect(factOf(version, 'invoice_payment_paid')).toEqual({
      kind: 'invoice_payment',
      payment: {
        invoicePaymentId: 'inpay_1',
        invoiceId: 'in_1',
        status: 'paid',
        amountPaid: 999,
        chargeId: null,
        paymentIntentId: 'pi_1',
      },
    });
  });
});

describe('what a version leaves out', () => {
  const endive = (name: string, change: (object: Record<string, unknown>) => object) => {
    const event = files.get('2026-10-28.endive')?.events[name];
    const { data, ...rest } = JSON.parse(JSON.stringify(event));
    return toStripeFact({ ...rest, data: { ...data, object: change(data.object) } });
  };

  test.each<[string, string, string]>([
    ['invoice_paid', 'amount_paid', 'data.object.amount_paid'],
    ['invoice_payment_paid', 'invoice', 'data.object.invoice'],
    ['invoice_payment_paid', 'payment', 'data.object.payment'],
    ['charge_refunded', 'amount_refunded', 'data.object.amount_refunded'],
    ['refund_failed', 'status', 'data.object.status'],
    ['dispute_created', 'status', 'data.object.status'],
    ['schedule_updated', 'phases', 'data.object.phases'],
    ['checkout_completed', 'id', 'data.object.id'],
  ])('of %s, when it is %s, is named by its path and never guessed', (name, missing, path) => {
    const without = (object: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(object).filter(([key]) => key !== missing));
    expect(endive(name, without)).toEqual({ ok: false, path });
  });

  it('an invoice without lines covers a period that nobody knows', () => {
    expect(endive('invoice_paid', (object) => ({ ...object, lines: undefined }))).toMatchObject({
      value: { invoice: { covers: null, priceIds: [] } },
    });
  });

  it('an invoice whose payments were expanded names them', () => {
    const payments = { data: [{ payment: { type: 'charge', charge: { id: 'ch_9' } } }] };
    expect(endive('invoice_paid', (object) => ({ ...object, payments }))).toMatchObject({
      value: { invoice: { payments: [{ chargeId: 'ch_9', paymentIntentId: null }] } },
    });
  });

  it('a status, a pause or a behaviour that Stripe has only just invented is kept as it is', () => {
    const invented = endive('subscription_paused', (object) => ({
      ...object,
      status: 'hibernating',
      status_details: { paused: { subscription: { type: 'moon_phase' } } },
      pause_collection: { behavior: 'haggle', resumes_at: null },
    }));
    const snapshot = { status: 'hibernating', pauseReason: 'moon_phase', collectionPause: { behavior: 'haggle' } };
    expect(invented).toMatchObject({ ok: true, value: { event: { snapshot } } });
  });
});
