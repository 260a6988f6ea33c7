import type Stripe from 'stripe';

/** Throws when Stripe was not asked to send the schedule with its subscription: what it plans would be overlooked. */
export function scheduleOf({ id, schedule }: Stripe.Subscription): Stripe.SubscriptionSchedule | null {
  if (typeof schedule === 'string') throw new Error(`${id} came without its schedule ${schedule}`);
  return schedule;
}

/** In flexible billing the customer portal schedules an end by `cancel_at` alone; a schedule ends it by its own word. */
export function isEnding(subscription: Stripe.Subscription): boolean {
  const endsBySchedule = scheduleOf(subscription)?.end_behavior === 'cancel';
  return subscription.cancel_at_period_end || subscription.cancel_at !== null || endsBySchedule;
}

/** The price of the phase after the one that runs; a schedule without one plans nothing. */
export function plannedPriceOf(subscription: Stripe.Subscription): string | null {
  const schedule = scheduleOf(subscription);
  const began = schedule?.current_phase?.start_date ?? 0;
  const price = schedule?.phases.find((phase) => phase.start_date > began)?.items[0]?.price;
  return price === undefined ? null : typeof price === 'string' ? price : price.id;
}

/** When what is paid for is used up, or a trial is over: periods stand on the items, and the last of them counts. */
export function periodEndOf({ items }: Stripe.Subscription): Date | null {
  const ends = items.data.map((item) => item.current_period_end);
  return ends.length === 0 ? null : new Date(Math.max(...ends) * 1000);
}
