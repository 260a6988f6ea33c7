import type Stripe from 'stripe';
import type { PendingChange } from '../account/pending.js';

/** What to ask of Stripe. */
export type SubscriptionChange =
  | { kind: 'nothing'; reason: 'already_scheduled' | 'not_scheduled' }
  | {
      kind: 'update';
      params: Stripe.SubscriptionUpdateParams;
      pendingFor: (updated: Stripe.Subscription, now: Date) => PendingChange;
    }
  | { kind: 'cancel_now' };

/** In flexible billing the customer portal schedules an end by `cancel_at` alone: either field means scheduled. */
function isScheduled(subscription: Stripe.Subscription): boolean {
  return subscription.cancel_at_period_end || subscription.cancel_at !== null;
}

export function cancellationOf(subscription: Stripe.Subscription, isImmediate: boolean): SubscriptionChange {
  if (isImmediate) return { kind: 'cancel_now' };
  if (isScheduled(subscription)) return { kind: 'nothing', reason: 'already_scheduled' };
  return {
    kind: 'update',
    params: { cancel_at_period_end: true },
    pendingFor: (updated, now) => pending('cancel_at_period_end', updated, endOf(updated), now),
  };
}

/** Undoes an end the way it was scheduled. */
export function resumptionOf(subscription: Stripe.Subscription): SubscriptionChange {
  if (!isScheduled(subscription)) return { kind: 'nothing', reason: 'not_scheduled' };
  return {
    kind: 'update',
    params: subscription.cancel_at_period_end ? { cancel_at_period_end: false } : { cancel_at: '' },
    pendingFor: (updated, now) => pending('resume', updated, null, now),
  };
}

/** Periods stand on the items; the last of them to end is when nothing is left. */
function endOf({ cancel_at, items }: Stripe.Subscription): Date | null {
  const ends = items.data.map((item) => item.current_period_end);
  const seconds = cancel_at ?? (ends.length > 0 ? Math.max(...ends) : null);
  return seconds === null ? null : new Date(seconds * 1000);
}

function pending(
  kind: PendingChange['kind'],
  { id }: Stripe.Subscription,
  endsAt: Date | null,
  requestedAt: Date,
): PendingChange {
  return { kind, subscriptionId: id, endsAt, requestedAt };
}
