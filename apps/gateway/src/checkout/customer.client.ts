import { Injectable } from '@nestjs/common';
import type { Deadline } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { Section } from '../user-lock.store.js';
import { CustomerStore } from './customer.store.js';

@Injectable()
export class Customers {
  constructor(
    private readonly store: CustomerStore,
    private readonly stripe: StripeBilling,
  ) {}

  /** The user's Stripe customer, created at first use. Under the user's lock. */
  async obtain(section: Section, caller: Caller, deadline: Deadline): Promise<string> {
    const row = await this.store.begin(section.manager, caller);
    if (row.customer_id !== null) return row.customer_id;
    const customerId = await this.stripe.createCustomer(caller.userId, row.email, row.attempt_id, deadline);
    await this.store.link(section, caller, customerId);
    return customerId;
  }
}
