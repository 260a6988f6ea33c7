import type Stripe from 'stripe';
import type { PendingChange } from '../account/pending.js';
import { isEnding, periodEndOf, scheduleOf } from './subscription-plans.js';

/** What to ask of Stripe. */
export type SubscriptionChange =
  | { kind: 'nothing'; reason: 'already_scheduled' | 'not_scheduled' | 'not_paused' }
  | { kind: 'update'; params: Stripe.SubscriptionUpdateParams; pending: Pending }
  /** A schedule stands in the way: Stripe lets nothing else end the subscription. It is told to end it, and let go then. */
  | { kind: 'end_by_schedule'; schedule: Stripe.SubscriptionSchedule; pending: Pending }
  /** Whatever the schedule planned is taken back. */
  | { kind: 'release_schedule'; scheduleId: string; pending: Pending }
  | { kind: 'cancel_now' }
  /** Charges for a new period from now on; the plan is back once that is paid. */
  | { kind: 'unpause' };

/** What to show until the event has come. */
type Pending = Pick<PendingChange, 'kind' | 'endsAt'>;

export function cancellationOf(subscription: Stripe.Subscription, isImmediate: boolean): SubscriptionChange {
  if (isImmediate) return { kind: 'cancel_now' };
  const schedule = scheduleOf(subscription);
  const pending = { kind: 'cancel_at_period_end', endsAt: periodEndOf(subscription) } as const;
  if (schedule !== null) return { kind: 'end_by_schedule', schedule, pending };
  if (isEnding(subscription)) return { kind: 'nothing', reason: 'already_scheduled' };
  return { kind: 'update', params: { cancel_at_period_end: true }, pending };
}

/** Charges for a new period: nothing but what was asked for by name, of the subscription that was shown. */
export function pauseEndOf(subscription: Stripe.Subscription, shownId: string | undefined): SubscriptionChange {
  const isMeant = subscription.id === shownId && subscription.status === 'paused';
  return isMeant ? { kind: 'unpause' } : { kind: 'nothing', reason: 'not_paused' };
}

/** Undoes an end the way it was scheduled, or a plan that was to come. Costs nothing. */
export function resumptionOf(subscription: Stripe.Subscription): SubscriptionChange {
  const schedule = scheduleOf(subscription);
  const pending = { kind: 'resume', endsAt: null } as const;
  if (schedule !== null) return { kind: 'release_schedule', scheduleId: schedule.id, pending };
  if (!isEnding(subscription)) return { kind: 'nothing', reason: 'not_scheduled' };
  const params: Stripe.SubscriptionUpdateParams = subscription.cancel_at_period_end
    ? { cancel_at_period_end: false }
    : { cancel_at: '' };
  return { kind: 'update', params, pending };
}
