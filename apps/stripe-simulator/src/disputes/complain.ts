import type Stripe from 'stripe';
import { complaintOf } from '../customers/card.js';
import { lastFourOf } from '../customers/payment-method.js';
import type { World } from '../world/world.js';
import { openDispute } from './carry-on.js';

/** Some of Stripe's test cards are disputed as soon as they have paid (Stripe docs: Testing, disputes). */
export function complainOf(world: World, charge: Stripe.Charge, method: Stripe.PaymentMethod): void {
  const { lastFour, isBankDebit } = lastFourOf(method);
  const kind = isBankDebit || charge.status !== 'succeeded' ? null : complaintOf(lastFour);
  if (kind !== null) openDispute(world, { charge, amount: charge.amount, reason: 'fraudulent', kind });
}
