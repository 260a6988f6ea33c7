import type Stripe from 'stripe';
import { aPlan } from '../catalogue/price.js';
import { issueInvoice, payInvoice } from '../invoices/issue.js';
import type { World } from '../world/world.js';
import { currentPeriodEnd, notCancelled, withItems } from './subscription.js';
import { periodEnd } from './period.js';

type CancellationDetails = Partial<Pick<Stripe.Subscription.CancellationDetails, 'comment' | 'feedback'>>;

/** Stores a changed subscription and announces what changed. */
export const saveSubscription = (world: World, next: Stripe.Subscription) =>
  world.update(world.subscriptions, 'customer.subscription.updated', next);

/** Ends at once. `cancel_at_period_end` keeps whatever it was. */
export function cancelNow(
  world: World,
  subscription: Stripe.Subscription,
  details: CancellationDetails = {},
): Stripe.Subscription {
  const now = world.now();
  return end(world, {
    ...subscription,
    canceled_at: now,
    ended_at: now,
    cancellation_details: { ...notCancelled, ...details, reason: 'cancellation_requested' },
  });
}

/** The last event of a subscription is `deleted`, and it carries no `previous_attributes`. */
function end(world: World, subscription: Stripe.Subscription): Stripe.Subscription {
  const ended: Stripe.Subscription = { ...subscription, status: 'canceled' };
  world.subscriptions.set(ended.id, ended);
  world.emit('customer.subscription.deleted', ended);
  return ended;
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

/** With a scheduled end taken back. */
export const withoutScheduledEnd = (subscription: Stripe.Subscription): Stripe.Subscription => ({
  ...subscription,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancellation_details: notCancelled,
});

/**
 * Another price for one item. Within the same interval the next invoice has the new amount (nothing is prorated); with
 * another interval Stripe starts a new period now and bills it at once.
 */
export function changePrice(
  world: World,
  subscription: Stripe.Subscription,
  change: { itemId: string; price: Stripe.Price; quantity: number | undefined },
): Stripe.Subscription {
  const now = world.now();
  const isNewInterval = subscription.items.data.some(
    (item) => item.id === change.itemId && item.price.recurring?.interval !== change.price.recurring?.interval,
  );
  const changed = withItems(subscription, (item) =>
    item.id === change.itemId
      ? { ...item, price: change.price, plan: aPlan(change.price), quantity: change.quantity ?? item.quantity ?? 1 }
      : item,
  );
  if (!isNewInterval) return saveSubscription(world, changed);
  const restarted = withItems({ ...changed, billing_cycle_anchor: now }, (item) => ({
    ...item,
    current_period_start: now,
    current_period_end: periodEnd(now, now, item.price),
  }));
  return bill(world, restarted, 'subscription_update');
}

/** What becomes of a subscription whose period is over: it ends if that was asked for, else it renews. */
export function finishPeriod(world: World, subscription: Stripe.Subscription): Stripe.Subscription {
  const now = world.now();
  const isOver = subscription.cancel_at_period_end || (subscription.cancel_at ?? Infinity) <= now;
  if (isOver) return end(world, { ...subscription, ended_at: now });
  const renewed = withItems(subscription, (item) =>
    item.current_period_end > now
      ? item
      : {
          ...item,
          current_period_start: item.current_period_end,
          current_period_end: periodEnd(subscription.billing_cycle_anchor, item.current_period_end, item.price),
        },
  );
  return bill(world, renewed, 'subscription_cycle');
}

/** When something is next due: the scheduled end, or the end of the period. */
export const nextDue = (subscription: Stripe.Subscription) =>
  Math.min(subscription.cancel_at ?? Infinity, currentPeriodEnd(subscription));

/**
 * The events of a renewal: subscription.updated, then the invoice's. Stripe leaves the invoice a draft for about an
 * hour so that lines can be added; here it is finalised and paid in the same second.
 */
function bill(
  world: World,
  subscription: Stripe.Subscription,
  reason: 'subscription_cycle' | 'subscription_update',
): Stripe.Subscription {
  const invoice = issueInvoice(world, { subscription, reason, discounts: [] });
  const saved = saveSubscription(world, { ...subscription, latest_invoice: invoice.id });
  payInvoice(world, invoice);
  return saved;
}
