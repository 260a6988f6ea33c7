import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { AccountReader } from '../account/account-reader.store.js';
import { CustomerStore } from '../checkout/customer.store.js';
import type { Deadline } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { Section } from '../user-lock.store.js';

/** Which subscription a customer means. Stripe is asked, since the read model may be a moment behind. */
@Injectable()
export class LiveSubscriptions {
  constructor(
    private readonly stripe: StripeBilling,
    private readonly customers: CustomerStore,
    private readonly accounts: AccountReader,
  ) {}

  /** The live one that the account shows, or the newest one. */
  async find(
    { manager }: Pick<Section, 'manager'>,
    caller: Caller,
    deadline: Deadline,
  ): Promise<Stripe.Subscription | null> {
    const customerId = await this.customers.customerIdOf(manager, caller.userId);
    const live = customerId === null ? [] : await this.stripe.liveSubscriptions(customerId, deadline);
    const { subscription } = await this.accounts.read(caller.userId);
    return live.find((each) => each.id === subscription?.id) ?? live[0] ?? null;
  }
}

/** For whoever has nothing to cancel, to change or to manage at Stripe. */
export function noSubscription(): Refused {
  return new Refused('no_subscription', 'there is nothing to cancel, to change or to manage; choose a plan first');
}
