import { planForPrice } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { AccountReader } from '../account/account-reader.store.js';
import { Deadline, requestMs } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { UserLock } from '../user-lock.store.js';
import type { Section } from '../user-lock.store.js';
import { CheckoutAnnouncer } from './checkout-announcer.store.js';
import { CheckoutSessions } from './checkout-sessions.client.js';
import { Customers } from './customer.client.js';
import { priceOf } from './plan-choice.js';
import type { PlanChoice } from './plan-choice.js';
import { Trials } from './trials.client.js';

/** A page at Stripe that can be paid. */
export interface PayableSession {
  id: string;
  url: string;
}

/**
 * Leads a user to Stripe's payment page, and never to a second payment: under the user's lock, every other payable page is
 * closed, Stripe itself is asked what is live, and only then is one opened.
 */
@Injectable()
export class Checkout {
  constructor(
    private readonly lock: UserLock,
    private readonly stripe: StripeBilling,
    private readonly customers: Customers,
    private readonly sessions: CheckoutSessions,
    private readonly trials: Trials,
    private readonly accounts: AccountReader,
    private readonly announcer: CheckoutAnnouncer,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /**
   * Throws Refused plan_not_on_sale, price_gone, already_subscribed, subscription_exists, busy; Retryable stripe_timeout,
   * stripe_unavailable.
   */
  async start(caller: Caller, choice: PlanChoice): Promise<PayableSession> {
    const deadline = new Deadline(requestMs, Date.now);
    try {
      await this.refuseEarly(caller, choice);
      return await this.lock.hold(caller.userId, deadline, (section) =>
        this.openOrReplace(section, caller, choice, deadline),
      );
    } catch (error) {
      const reason = error instanceof Refused || error instanceof Retryable ? error.code : 'internal_error';
      await this.announcer.failed(caller, choice, reason);
      throw error;
    }
  }

  /** Saves Stripe a question where the read model already knows the answer; only Stripe's own answer lets anybody pass. */
  private async refuseEarly(caller: Caller, choice: PlanChoice): Promise<void> {
    const { subscription } = await this.accounts.read(caller.userId);
    if (subscription?.is_active !== true) return;
    const isSame = subscription.tier === choice.tier && subscription.billing_cycle === choice.billingCycle;
    if (isSame) throw alreadySubscribed();
  }

  /** Once more where Stripe refused since the customer was deleted there: only then is it asked whether it still has them. */
  private async openOrReplace(
    section: Section,
    caller: Caller,
    choice: PlanChoice,
    deadline: Deadline,
  ): Promise<PayableSession> {
    try {
      return await this.open(section, caller, choice, deadline);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'stripe_refused') throw error;
      if ((await this.customers.replaceGone(section, caller, deadline)) === null) throw error;
      return this.open(section, caller, choice, deadline);
    }
  }

  private async open(
    section: Section,
    caller: Caller,
    choice: PlanChoice,
    deadline: Deadline,
  ): Promise<PayableSession> {
    const priceId = priceOf(this.catalogue.current(), choice);
    const customerId = await this.customers.obtain(section, caller, deadline);
    const { userId } = caller;
    const trialDays = await this.trials.daysFor(section, { userId, customerId, choice }, deadline);
    const purchase = { caller, choice, priceId, customerId, trialDays };
    // First no other page can be paid any more, then the subscriptions are counted: the other way round, a page that is paid
    // in between is neither open nor counted.
    const { reusable, isBeingPaid } = await this.sessions.closeOthers(section, purchase, deadline);
    const live = await this.stripe.liveSubscriptions(customerId, deadline);
    if (live.length > 0 || isBeingPaid) {
      if (reusable !== null) await this.sessions.close(section, caller, reusable.id, deadline);
      throw this.refusalFor(live, choice);
    }
    return reusable === null
      ? this.sessions.create(section, purchase, deadline)
      : this.sessions.reuse(section, purchase, reusable);
  }

  private refusalFor(live: Stripe.Subscription[], choice: PlanChoice): Refused {
    if (live.length === 0) return new Refused('payment_in_progress');
    if (live.some((subscription) => this.isFor(subscription, choice))) return alreadySubscribed();
    return new Refused('subscription_exists', 'change the plan with plan management instead of buying a second one');
  }

  private isFor(subscription: Stripe.Subscription, choice: PlanChoice): boolean {
    return subscription.items.data.some((item) => {
      const plan = planForPrice(this.catalogue.current(), item.price.id);
      return plan.kind === 'known' && plan.tier === choice.tier && plan.billingCycle === choice.billingCycle;
    });
  }
}

function alreadySubscribed(): Refused {
  return new Refused(
    'already_subscribed',
    'nothing was bought a second time; your profile shows when your plan renews',
  );
}
