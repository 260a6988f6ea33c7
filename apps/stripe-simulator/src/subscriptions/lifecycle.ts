import type Stripe from 'stripe';
import { closeSchedule } from '../schedules/close.js';
import type { World } from '../world/world.js';
import { notCancelled } from './subscription.js';

type CancellationDetails = Partial<Stripe.Subscription.CancellationDetails>;

/** Stores a changed subscription and announces what changed. */
export const saveSubscription = (world: World, next: Stripe.Subscription) =>
  world.update(world.subscriptions, 'customer.subscription.updated', next);

/** Ends at once. `cancel_at_period_end` keeps whatever it was. */
export function cancelNow(
  world: World,
  subscription: Stripe.Subscription,
  details: CancellationDetails = {},
): Stripe.Subscription {
  return end(world, {
    ...subscription,
    canceled_at: world.now(),
    cancellation_details: { ...notCancelled, reason: 'cancellation_requested', ...details },
  });
}

/** The last event of a subscription is `deleted`, and it carries no `previous_attributes`. */
export function end(world: World, subscription: Stripe.Subscription): Stripe.Subscription {
  const ended: Stripe.Subscription = { ...subscription, status: 'canceled', ended_at: world.now() };
  stopCollecting(world, ended.id);
  closeSchedule(world, subscription);
  world.subscriptions.set(ended.id, ended);
  world.emit('customer.subscription.deleted', ended);
  return ended;
}

/** What is still owed stays open, but Stripe no longer tries to take it. */
function stopCollecting(world: World, subscription: string): void {
  world.awaitingPayment.delete(subscription);
  for (const invoice of world.unpaidInvoices(subscription)) {
    if (world.debits.has(invoice.id)) continue;
    world.storeInvoice({ ...invoice, auto_advance: false, next_payment_attempt: null });
  }
}

interface ScheduledEnd {
  at: number;
  /** The API sets `cancel_at_period_end` too; the portal, in flexible billing mode, sets only `cancel_at`. */
  isAtPeriodEnd: boolean;
  requestedAt: number;
  details?: CancellationDetails;
}
export const withScheduledEnd = (subscription: Stripe.Subscription, end: ScheduledEnd): Stripe.Subscription => ({
  ...subscription,
  cancel_at: end.at,
  cancel_at_period_end: end.isAtPeriodEnd,
  canceled_at: end.requestedAt,
  cancellation_details: { ...notCancelled, ...end.details, reason: 'cancellation_requested' },
});
