import { field, id, optionalField, orNull, read, reference, userIdIn } from './json-reader.js';
import type { Reading } from './json-reader.js';

/** What a Checkout Session says about who paid. */
export interface CheckoutFacts {
  sessionId: string;
  mode: string;
  customerId: string | null;
  subscriptionId: string | null;
  /** From our own metadata only: `client_reference_id` can be set by whoever holds a payment link. */
  userId: string | null;
}

export function toCheckoutFacts(object: unknown): Reading<CheckoutFacts> {
  return read(object, (root) => ({
    sessionId: id(field(root, 'id')),
    mode: id(field(root, 'mode')),
    customerId: orNull(field(root, 'customer'), reference),
    subscriptionId: orNull(field(root, 'subscription'), reference),
    userId: userIdIn(optionalField(root, 'metadata')),
  }));
}
