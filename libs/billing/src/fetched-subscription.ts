import { instant, optionalField, orNull, read } from './json-reader.js';
import type { Reading } from './json-reader.js';
import type { FetchedSubscription } from './subscription-event.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';

/** Of an invoice of the subscription, what Stripe lists. Times in whole seconds. */
export interface ListedInvoice {
  status: string | null;
  created: number;
  /** Of one that is sent to be paid by then. */
  due_date: number | null;
  status_transitions: { finalized_at: number | null };
}

/**
 * The earliest that it can have become past due: when the oldest invoice since the last payment was to be paid. Null without one. A
 * debt from before a payment is none of this: the subscription has been active since. One that Stripe has given up on is, since
 * nothing here tells it from one that somebody has let go by hand, after which the subscription was active.
 *
 * @param invoices newest first, as Stripe lists them
 */
export function unpaidSince(invoices: readonly ListedInvoice[]): number | null {
  const lastPaid = invoices.findIndex(({ status }) => status === 'paid');
  const since = lastPaid === -1 ? invoices : invoices.slice(0, lastPaid);
  const oldest = since.findLast(({ status }) => status === 'open' || status === 'uncollectible');
  return oldest === undefined ? null : payableFrom(oldest);
}

/** Stripe keeps an invoice as a draft for an hour at least, and for three days where nobody answers its webhook. */
function payableFrom({
  created,
  due_date: due,
  status_transitions: { finalized_at: finalized },
}: ListedInvoice): number {
  return due ?? finalized ?? created;
}

/** Reads what was answered, `unpaid_since` included where it was asked for. */
export function toFetchedSubscription(
  answer: unknown,
  toPlace: (createdAt: Date) => Pick<FetchedSubscription, 'at' | 'seen'>,
): Reading<FetchedSubscription> {
  const snapshot = toSubscriptionSnapshot(answer);
  if (!snapshot.ok) return snapshot;
  const since = read(answer, (root) => orNull(optionalField(root, 'unpaid_since'), instant));
  if (!since.ok) return since;
  const { value } = snapshot;
  const place = toPlace(value.createdAt);
  return { ok: true, value: { kind: 'fetched', type: 'fetched', snapshot: value, unpaidSince: since.value, ...place } };
}
