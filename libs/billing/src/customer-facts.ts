import { field, id, optionalField, read, userIdIn } from './json-reader.js';
import type { Reading } from './json-reader.js';

/** A Stripe customer: whose it is, and whether it still exists. Nothing personal. */
export interface CustomerFacts {
  customerId: string;
  /** Our own `metadata.user_id`, if somebody wrote one. */
  userId: string | null;
  /** Stripe answers for a deleted customer with its id and `deleted: true` alone. */
  isDeleted: boolean;
}

export function toCustomerFacts(object: unknown): Reading<CustomerFacts> {
  return read(object, (root) => ({
    customerId: id(field(root, 'id')),
    userId: userIdIn(optionalField(root, 'metadata')),
    isDeleted: field(root, 'deleted').value === true,
  }));
}
