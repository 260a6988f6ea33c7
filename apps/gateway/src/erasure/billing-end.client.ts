import { Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { CustomerStore } from '../checkout/customer.store.js';
import type { Deadline } from '../deadline.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { Section } from '../user-lock.store.js';

/** Sees to it that nothing can be charged any more. */
@Injectable()
export class BillingEnd {
  constructor(
    private readonly stripe: StripeBilling,
    private readonly customers: CustomerStore,
  ) {}

  /**
   * Closes the payment pages first and then ends the subscriptions: the other way round, a page that is paid in between makes one
   * that nobody ends. Under the user's lock, and safe to repeat. Answers the subscriptions it ended. Throws as StripeBilling does.
   */
  async run(section: Section, userId: string, deadline: Deadline): Promise<string[]> {
    const customerId = await this.customers.customerIdOf(section.manager, userId);
    if (customerId === null || (await this.stripe.isCustomerGone(customerId, deadline))) return [];
    for (const { id } of await this.stripe.openSessions(customerId, deadline)) {
      const session = await this.stripe.expireSession(id, deadline);
      // Being paid this very moment: what it makes is ended by the next try.
      if (session.status === 'open') throw new Retryable('stripe_unavailable');
    }
    const live = await this.stripe.liveSubscriptions(customerId, deadline);
    for (const { id } of live) await this.stripe.cancelNow(id, deadline);
    return live.map(({ id }) => id);
  }
}
