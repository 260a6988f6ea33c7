import type Stripe from 'stripe';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { ended, isRunning } from './schedule.js';

/** The schedule that steers a subscription. */
export function scheduleOf(world: World, subscription: Stripe.Subscription): Stripe.SubscriptionSchedule | null {
  const schedule = world.schedules.get(idOf(subscription.schedule) ?? '');
  return schedule && isRunning(schedule) ? schedule : null;
}

/** A subscription that ends takes its schedule with it; one that is given up for want of payment aborts it. */
export function closeSchedule(world: World, subscription: Stripe.Subscription): void {
  const schedule = scheduleOf(world, subscription);
  if (schedule === null) return;
  const isDelinquent = subscription.cancellation_details?.reason === 'payment_failed';
  const closed = ended(schedule, 'canceled', world.now());
  world.schedules.set(closed.id, closed);
  world.emit(isDelinquent ? 'subscription_schedule.aborted' : 'subscription_schedule.canceled', closed);
}
