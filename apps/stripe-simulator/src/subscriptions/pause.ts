import type Stripe from 'stripe';
import type { World } from '../world/world.js';
import { saveSubscription } from './lifecycle.js';

type PauseReason = 'final_payment_failure' | 'pause_requested' | 'trial_end_without_payment_method';

/** Paused, with the reason (endive); neither billed nor renewed until it is resumed. */
export function pauseFor(world: World, subscription: Stripe.Subscription, type: PauseReason): Stripe.Subscription {
  const paused = saveSubscription(world, {
    ...subscription,
    status: 'paused',
    status_details: { paused: { type: 'subscription', subscription: { type }, transitioned_at: world.now() } },
  });
  world.emit('customer.subscription.paused', paused);
  return paused;
}
