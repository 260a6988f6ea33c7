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

  /**
   * Another customer where Stripe has the user's own no more, since somebody deleted it there; null where it still has it. Dying
   * in between makes one customer that nobody uses: the next try begins with the one that is gone again.
   */
  async replaceGone(section: Section, caller: Caller, deadline: Deadline): Promise<string | null> {
    const { customer_id: formerId } = await this.store.begin(section.manager, caller);
    if (formerId === null || !(await this.stripe.isCustomerGone(formerId, deadline))) return null;
    const row = await section.inTransaction((manager) => this.store.beginAnew(manager, caller));
    const customerId = await this.stripe.createCustomer(caller.userId, row.email, row.attempt_id, deadline);
    await this.store.relink(section, caller, formerId, customerId);
    return customerId;
  }
}
