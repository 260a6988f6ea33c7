import type { DisputeRow, InvoiceRow, RefundRow } from './evidence.js';
import { planCatalogue } from './plan-catalogue.js';
import type { SubscriptionRow } from './subscription-row.js';

/** The catalogue that the builders' prices belong to. */
export const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});

/** Whole days after 2026-11-01. */
export function day(count: number): Date {
  return new Date(Date.UTC(2026, 10, 1) + count * 86_400_000);
}

/** Active on Pro, monthly, since day 0. */
export function aRow(overrides: Partial<SubscriptionRow> = {}): SubscriptionRow {
  return {
    subscriptionId: 'sub_1',
    customerId: 'cus_1',
    userId: 'user_1',
    priceId: 'price_pro_monthly',
    status: 'active',
    pauseReason: null,
    collectionPause: null,
    tier: 1,
    billingCycle: 'monthly',
    currentPeriodStart: day(0),
    currentPeriodEnd: day(30),
    cancelAtPeriodEnd: false,
    cancelAt: null,
    canceledAt: null,
    endedAt: null,
    trialEnd: null,
    pendingUpdateExpiresAt: null,
    createdAt: day(0),
    lastUnderstood: null,
    pastDue: null,
    order: orderAt(day(0)),
    ...overrides,
  };
}

/** The newest that Stripe has said of a row. */
export function orderAt(at: Date): SubscriptionRow['order'] {
  return { at, kind: 'created', state: 'state', startedFrom: null, events: [] };
}

/** The invoice that paid the first month of `sub_1`: $9.99, by `pi_1`. */
export function anInvoiceRow(overrides: Partial<InvoiceRow> = {}): InvoiceRow {
  return {
    invoiceId: 'in_1',
    customerId: 'cus_1',
    subscriptionId: 'sub_1',
    status: 'paid',
    amountPaid: 999,
    currency: 'usd',
    covers: { start: day(0), end: day(30) },
    paidAt: day(0),
    payments: [{ chargeId: null, paymentIntentId: 'pi_1' }],
    at: day(0),
    ...overrides,
  };
}

export function aRefundRow(overrides: Partial<RefundRow> = {}): RefundRow {
  const payment = { chargeId: 'ch_1', paymentIntentId: 'pi_1' };
  return { refundId: 're_1', ...payment, amount: 999, currency: 'usd', status: 'succeeded', at: day(3), ...overrides };
}

export function aDisputeRow(overrides: Partial<DisputeRow> = {}): DisputeRow {
  const payment = { chargeId: 'ch_1', paymentIntentId: 'pi_1' };
  return {
    disputeId: 'dp_1',
    ...payment,
    amount: 999,
    currency: 'usd',
    status: 'needs_response',
    at: day(3),
    ...overrides,
  };
}
