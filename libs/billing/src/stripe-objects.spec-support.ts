import { toStripeFact } from './stripe-event.js';
import type { StripeFact } from './stripe-event.js';

export interface RawSubscription {
  id: string;
  customer: string;
  created: number;
  status: string;
  items: { data: { id: string; price: string; current_period_start: number; current_period_end: number }[] };
  cancel_at_period_end: boolean;
  cancel_at: number | null;
  canceled_at: number | null;
  ended_at: number | null;
  trial_start: number | null;
  trial_end: number | null;
  status_details: object;
  pause_collection: object | null;
  latest_invoice: string | null;
  metadata: { user_id: string };
}

export interface RawInvoice {
  id: string;
  customer: string;
  created: number;
  status: string;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  currency: string;
  parent: { subscription_details: { subscription: string; metadata: object } };
  lines: { data: object[] };
  due_date: null;
  status_transitions: { finalized_at: number; paid_at: number | null };
}

export interface RawReturn {
  id: string;
  charge: string;
  payment_intent: string;
  amount: number;
  currency: string;
  status: string;
  reason: string;
  created: number;
}

export const prices = { pro: 'price_pro_monthly', elite: 'price_elite_monthly', unknown: 'price_legacy' };
const amounts: Record<string, number> = { [prices.pro]: 999, [prices.elite]: 2999, [prices.unknown]: 1500 };

/** What a month of it costs. */
export function amountOf({ items }: RawSubscription): number {
  return amounts[items.data[0]?.price ?? ''] ?? 0;
}

/** As Stripe does: the previous values of the fields that changed, arrays whole. */
export function previousAttributes(before: RawSubscription, after: RawSubscription): object {
  const changed = Object.entries(before).filter(
    ([name, value]) =>
      JSON.stringify(value) !== JSON.stringify(Object.entries(after).find(([key]) => key === name)?.[1]),
  );
  const previous = Object.fromEntries(changed);
  return 'status_details' in previous
    ? { ...previous, status_details: { paused: null, ...before.status_details } }
    : previous;
}

export function invoiceOf(
  subscription: RawSubscription,
  terms: { id: string; finalizedAt: number; amount: number; start: number; end: number; paidAt: number | null },
): RawInvoice {
  const { id, finalizedAt, amount, start, end, paidAt } = terms;
  const details = { subscription: subscription.id, proration: false };
  const line = { amount, period: { start, end }, parent: { subscription_item_details: details } };
  return {
    id,
    customer: subscription.customer,
    // An hour as a draft.
    created: finalizedAt - 3_600,
    status: paidAt === null ? 'open' : 'paid',
    amount_paid: paidAt === null ? 0 : amount,
    amount_remaining: paidAt === null ? amount : 0,
    attempt_count: 1,
    currency: 'usd',
    parent: { subscription_details: { subscription: subscription.id, metadata: subscription.metadata } },
    lines: { data: [line] },
    due_date: null,
    status_transitions: { finalized_at: finalizedAt, paid_at: paidAt },
  };
}

export function returnOf(id: string, invoice: RawInvoice, { amount, at }: { amount: number; at: number }): RawReturn {
  return {
    id,
    charge: `ch_${invoice.id}`,
    payment_intent: `pi_${invoice.id}`,
    amount: Math.floor(amount),
    currency: 'usd',
    status: 'succeeded',
    reason: 'requested_by_customer',
    created: at,
  };
}

/** What the rules make of an event about this object. */
export function factOf(
  type: string,
  object: object,
  created: number,
  { id = 'evt_swept', previous }: { id?: string; previous?: object | undefined } = {},
): StripeFact {
  const data = previous === undefined ? { object } : { object, previous_attributes: previous };
  const fact = toStripeFact({ id, type, created, data });
  if (!fact.ok) throw new Error(`${type}: cannot read ${fact.path}`);
  return fact.value;
}
