import type Stripe from 'stripe';
import { payingMethod, voidInvoice } from '../invoices/collect.js';
import { periodLines } from '../invoices/line.js';
import { pendingLines } from '../invoices/pending-items.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { bill } from './bill.js';
import { cancelNow, end, saveSubscription } from './lifecycle.js';
import { pauseFor } from './pause.js';
import { periodEnd } from './period.js';
import { withItems } from './subscription.js';

/** What becomes of a subscription whose period is over: it ends if that was asked for, else it renews. */
export function finishPeriod(world: World, subscription: Stripe.Subscription): void {
  const now = world.now();
  const isOver = subscription.cancel_at_period_end || (subscription.cancel_at ?? Infinity) <= now;
  if (isOver) return void end(world, subscription);
  if (subscription.status === 'trialing') return endTrial(world, subscription);
  renew(world, advanced(subscription, now));
}

/** With the items whose period is over in their next one. */
export const advanced = (subscription: Stripe.Subscription, now: number): Stripe.Subscription =>
  withItems(subscription, (item) =>
    item.current_period_end > now
      ? item
      : {
          ...item,
          current_period_start: item.current_period_end,
          current_period_end: periodEnd(subscription.billing_cycle_anchor, item.current_period_end, item.price),
        },
  );

/** Bills the period a subscription is in, with what waited for this invoice. */
export function renew(world: World, subscription: Stripe.Subscription): void {
  const lines = [
    ...pendingLines(world, idOf(subscription.customer), subscription.id),
    ...periodLines(world, subscription),
  ];
  bill(world, { subscription, reason: 'subscription_cycle', lines });
}

/** The first paid period begins; without anything to charge, the trial's settings decide. */
export function endTrial(world: World, subscription: Stripe.Subscription): void {
  const now = world.now();
  const missing = subscription.trial_settings?.end_behavior.missing_payment_method;
  if (payingMethod(world, subscription) === null) {
    if (missing === 'cancel') return void cancelNow(world, subscription);
    if (missing === 'pause') return void pauseFor(world, subscription, 'trial_end_without_payment_method');
  }
  const started = restarted({ ...subscription, status: 'active', trial_end: now }, now);
  renew(world, started);
}

/** Every item in a new period from `start` on, which is also the new anchor. */
export const restarted = (subscription: Stripe.Subscription, start: number): Stripe.Subscription =>
  withItems({ ...subscription, billing_cycle_anchor: start }, (item) => ({
    ...item,
    current_period_start: start,
    current_period_end: periodEnd(start, start, item.price),
  }));

/** Nobody paid the first invoice within 23 hours: it is voided, and the subscription has never begun. */
export function expireIncomplete(world: World, subscription: Stripe.Subscription): void {
  saveSubscription(world, { ...subscription, status: 'incomplete_expired', ended_at: world.now() });
  for (const invoice of world.unpaidInvoices(subscription.id)) voidInvoice(world, invoice);
}
