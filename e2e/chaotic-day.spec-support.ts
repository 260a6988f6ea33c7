import type Stripe from 'stripe';
import type { StoryWorld } from '../demo/src/story-world.client.js';

export const customers = 40;
const steps = 6;
const hour = 3_600;
const pro = 'price_pro_monthly';
const elite = 'price_elite_monthly';

export const userOf = (nth: number): string => `day-${nth}`;

/**
 * A day of many customers: something every few hours, for some of them an end. One request after the other, so that Stripe's events
 * come about in the same order each time: which of them chaos strikes hangs on their places alone.
 */
export async function playDay(world: StoryWorld): Promise<void> {
  const made: Stripe.Subscription[] = [];
  for (let nth = 0; nth < customers; nth += 1) made.push(await subscribe(world, userOf(nth)));
  for (let step = 0; step < steps; step += 1) {
    for (const [nth, subscription] of made.entries()) await live(world, subscription, nth + step);
    await world.simulator('advance', { seconds: (24 / steps) * hour });
  }
  for (const [nth, { id }] of made.entries()) if (nth % 8 === 0) await world.stripe.subscriptions.cancel(id);
}

async function subscribe({ stripe }: StoryWorld, userId: string): Promise<Stripe.Subscription> {
  const metadata = { user_id: userId };
  const { id: customer } = await stripe.customers.create({ email: `${userId}@example.com`, metadata });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  return stripe.subscriptions.create({
    customer,
    metadata,
    items: [{ price: pro }],
    default_payment_method: method.id,
  });
}

/** A different thing for each customer at the same hour; at one turn of five nothing. */
async function live({ stripe }: StoryWorld, { id, items }: Stripe.Subscription, turn: number): Promise<void> {
  const change = changes(items.data[0]?.id ?? '')[turn % 5];
  if (change !== undefined) await stripe.subscriptions.update(id, change);
}

function changes(item: string): Stripe.SubscriptionUpdateParams[] {
  return [
    { cancel_at_period_end: true },
    { cancel_at_period_end: false },
    { items: [{ id: item, price: elite }] },
    { items: [{ id: item, price: pro }] },
  ];
}
