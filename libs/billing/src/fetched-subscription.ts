import { instant, optionalField, orNull, read } from './json-reader.js';
import type { Reading } from './json-reader.js';
import type { FetchedSubscription } from './subscription-event.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';

/** Of an invoice of the subscription, what Stripe lists. `created` in whole seconds. */
export interface ListedInvoice {
  status: string | null;
  created: number;
}

/** A subscription as Stripe answered it, with what its invoices say beside it. Seconds since 1970. */
export type WithUnpaidSince<Subscription> = Subscription & { unpaid_since: number };

/**
 * When the oldest of the open invoices was made after which none has been paid; null without one. An old debt from before a
 * payment is none of this: the subscription has been active since.
 *
 * @param invoices newest first, as Stripe lists them
 */
export function unpaidSince(invoices: readonly ListedInvoice[]): number | null {
  const lastPaid = invoices.findIndex(({ status }) => status === 'paid');
  const since = lastPaid === -1 ? invoices : invoices.slice(0, lastPaid);
  return since.findLast(({ status }) => status === 'open')?.created ?? null;
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
