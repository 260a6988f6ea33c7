import type Stripe from 'stripe';
import { aCardMethod } from '../customers/payment-method.js';
import type { CardInput } from '../customers/payment-method.js';
import { attach } from '../customers/payment-method-routes.js';
import { verdictOn } from '../payments/verdict.js';
import type { Verdict } from '../payments/verdict.js';
import { saveSubscription } from '../subscriptions/lifecycle.js';
import { isLive } from '../subscriptions/subscription.js';
import type { World } from '../world/world.js';

/** What the bank says to a card that is only to be kept. */
export const verdictOnSaving = ({ number }: CardInput): Verdict =>
  verdictOn({
    lastFour: number.slice(-4),
    isBankDebit: false,
    purpose: 'save',
    hasAuthenticated: false,
    isSetUp: false,
  });

interface Saved {
  card: CardInput;
  hasAuthenticated: boolean;
}

/** A card saved in the portal becomes the default of the customer and of what they subscribe to. */
export function saveCard(world: World, customer: Stripe.Customer, { card, hasAuthenticated }: Saved): void {
  const method = attach(world, aCardMethod({ customer, card, created: world.now() }));
  if (hasAuthenticated) world.authenticated.add(method.id);
  const settings = { ...customer.invoice_settings, default_payment_method: method.id };
  world.update(world.customers, 'customer.updated', { ...customer, invoice_settings: settings });
  for (const subscription of world.subscriptions.values()) {
    if (subscription.customer !== customer.id || !isLive(subscription)) continue;
    saveSubscription(world, { ...subscription, default_payment_method: method.id });
  }
}
