import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import type Stripe from 'stripe';
import type { StripeCustomer } from './verdict.js';

/** What Stripe knows of customers that somebody else made. */
export class CustomerLookup {
  constructor(private readonly stripe: Stripe) {}

  /** Null for one that Stripe has never had. Throws Retryable when Stripe is not there, Refused when the key may not ask. */
  async find(customerId: string): Promise<StripeCustomer | null> {
    try {
      const customer = await this.stripe.customers.retrieve(customerId);
      if (customer.deleted === true) return { isDeleted: true, userId: null };
      return { isDeleted: false, userId: customer.metadata['user_id'] || null };
    } catch (error) {
      if (isNoSuchObject(error)) return null;
      throw fromStripeError(error);
    }
  }
}
