import { field, id, optionalField, orNull, read, reference, userIdIn } from './json-reader.js';
import type { Reading } from './json-reader.js';

/** What a Checkout Session says about who paid, and whether they have. */
export interface CheckoutFacts {
  sessionId: string;
  customerId: string | null;
  /** From our own metadata only: `client_reference_id` can be set by whoever holds a payment link. */
  userId: string | null;
  /** Since API version 2025-03-31.basil null until the payment has come through. */
  subscriptionId: string | null;
  /** Stripe's own and open: `paid`, `unpaid` (it is still on its way), `no_payment_required`. */
  paymentStatus: string | null;
}

export function toCheckoutFacts(object: unknown): Reading<CheckoutFacts> {
  return read(object, (root) => ({
    sessionId: id(field(root, 'id')),
    customerId: orNull(field(root, 'customer'), reference),
    userId: userIdIn(optionalField(root, 'metadata')),
    subscriptionId: orNull(field(root, 'subscription'), reference),
    paymentStatus: orNull(field(root, 'payment_status'), id),
  }));
}
