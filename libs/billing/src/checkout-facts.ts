import { field, optionalField, orNull, read, reference, userIdIn } from './json-reader.js';
import type { Reading } from './json-reader.js';

/** What a Checkout Session says about who paid. */
export interface CheckoutFacts {
  customerId: string | null;
  /** From our own metadata only: `client_reference_id` can be set by whoever holds a payment link. */
  userId: string | null;
}

export function toCheckoutFacts(object: unknown): Reading<CheckoutFacts> {
  return read(object, (root) => ({
    customerId: orNull(field(root, 'customer'), reference),
    userId: userIdIn(optionalField(root, 'metadata')),
  }));
}
