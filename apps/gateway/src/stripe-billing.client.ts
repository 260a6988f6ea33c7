import { fromStripeError } from '@billhook/stripe';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import type { Deadline } from './deadline.js';

/** Nothing can be charged on these any more. Every other status, one we have never heard of included, may charge again. */
const endedStatuses: readonly string[] = ['canceled', 'incomplete_expired'];

/**
 * All that the gateway asks of Stripe, each call within the request's deadline. Throws Retryable stripe_timeout and
 * stripe_unavailable, Refused stripe_refused.
 */
@Injectable()
export class StripeBilling {
  constructor(private readonly stripe: Stripe) {}

  async createCustomer(userId: string, email: string | null, attemptId: string, deadline: Deadline): Promise<string> {
    const params = { metadata: { user_id: userId }, ...(email === null ? {} : { email }) };
    const customer = await this.call(deadline, (options) =>
      this.stripe.customers.create(params, { ...options, idempotencyKey: `billhook-customer-${attemptId}` }),
    );
    return customer.id;
  }

  /** Newest first, as Stripe lists. Without a status Stripe leaves out the canceled ones. */
  async liveSubscriptions(customerId: string, deadline: Deadline): Promise<Stripe.Subscription[]> {
    const { data } = await this.call(deadline, (options) =>
      this.stripe.subscriptions.list({ customer: customerId, limit: 100 }, options),
    );
    return data.filter((subscription) => !endedStatuses.includes(subscription.status));
  }

  /** Whether any of a customer's subscriptions, of whatever time and status, began with a trial. */
  async hasHadTrial(customerId: string, deadline: Deadline): Promise<boolean> {
    let after: string | undefined;
    for (;;) {
      const page = { customer: customerId, status: 'all', limit: 100, starting_after: after } as const;
      const { data, has_more } = await this.call(deadline, (options) => this.stripe.subscriptions.list(page, options));
      if (data.some((subscription) => subscription.trial_start !== null)) return true;
      after = data.at(-1)?.id;
      if (!has_more || after === undefined) return false;
    }
  }

  async openSessions(customerId: string, deadline: Deadline): Promise<Stripe.Checkout.Session[]> {
    const { data } = await this.call(deadline, (options) =>
      this.stripe.checkout.sessions.list({ customer: customerId, status: 'open', limit: 100 }, options),
    );
    return data;
  }

  createSession(
    params: Stripe.Checkout.SessionCreateParams,
    attemptId: string,
    deadline: Deadline,
  ): Promise<Stripe.Checkout.Session> {
    return this.call(deadline, (options) =>
      this.stripe.checkout.sessions.create(params, { ...options, idempotencyKey: `billhook-checkout-${attemptId}` }),
    );
  }

  retrieveSession(sessionId: string, deadline: Deadline): Promise<Stripe.Checkout.Session> {
    return this.call(deadline, (options) => this.stripe.checkout.sessions.retrieve(sessionId, {}, options));
  }

  /** Stripe refuses to expire a session that is not open any more; what it is instead is in the answer. */
  async expireSession(sessionId: string, deadline: Deadline): Promise<Stripe.Checkout.Session> {
    try {
      return await this.stripe.checkout.sessions.expire(sessionId, {}, deadline.callOptions());
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw fromStripeError(error);
      return this.retrieveSession(sessionId, deadline);
    }
  }

  async createPortalSession(customerId: string, returnUrl: string, deadline: Deadline): Promise<string> {
    const session = await this.call(deadline, (options) =>
      this.stripe.billingPortal.sessions.create({ customer: customerId, return_url: returnUrl }, options),
    );
    return session.url;
  }

  /** `cancel` at once takes access away now and refunds nothing. */
  cancelNow(subscriptionId: string, deadline: Deadline): Promise<Stripe.Subscription> {
    return this.call(deadline, (options) => this.stripe.subscriptions.cancel(subscriptionId, {}, options));
  }

  update(
    subscriptionId: string,
    change: Stripe.SubscriptionUpdateParams,
    deadline: Deadline,
  ): Promise<Stripe.Subscription> {
    return this.call(deadline, (options) => this.stripe.subscriptions.update(subscriptionId, change, options));
  }

  private async call<T>(deadline: Deadline, ask: (options: Stripe.RequestOptions) => Promise<T>): Promise<T> {
    const options = deadline.callOptions();
    try {
      return await ask(options);
    } catch (error) {
      throw fromStripeError(error);
    }
  }
}
