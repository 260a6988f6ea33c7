import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { methodOf, paidBeside, priceOfItem, toInvoices } from './account/billing-details.js';
import type { BillingDetails, Invoice } from './account/billing-details.js';
import type { Deadline } from './deadline.js';
import { callAboutPrice, callStripe } from './stripe-call.client.js';

/** Nothing can be charged on these any more. Every other status, one we have never heard of included, may charge again. */
const endedStatuses: readonly string[] = ['canceled', 'incomplete_expired'];

/**
 * What the gateway asks of Stripe, each call within the request's deadline. Throws Retryable stripe_timeout and
 * stripe_unavailable, Refused stripe_refused.
 */
@Injectable()
export class StripeBilling {
  constructor(private readonly stripe: Stripe) {}

  async createCustomer(userId: string, email: string | null, attemptId: string, deadline: Deadline): Promise<string> {
    const params = { metadata: { user_id: userId }, ...(email === null ? {} : { email }) };
    const customer = await callStripe(deadline, (options) =>
      this.stripe.customers.create(params, { ...options, idempotencyKey: `billhook-customer-${attemptId}` }),
    );
    return customer.id;
  }

  /** Whether it was deleted at Stripe. In Stripe's other mode it is not gone: throws Refused stripe_mode_mismatch. */
  async isCustomerGone(customerId: string, deadline: Deadline): Promise<boolean> {
    const found = await callStripe(deadline, async (options) => {
      try {
        return await this.stripe.customers.retrieve(customerId, {}, options);
      } catch (error) {
        if (isNoSuchObject(error)) return null;
        throw error;
      }
    });
    return found === null || found.deleted === true;
  }

  /** Newest first, as Stripe lists, with their schedules. Without a status Stripe leaves out the canceled ones. */
  async liveSubscriptions(customerId: string, deadline: Deadline): Promise<Stripe.Subscription[]> {
    const data = await this.subscriptionsOf(customerId, ['data.schedule'], deadline);
    return data.filter((subscription) => !endedStatuses.includes(subscription.status));
  }

  private async subscriptionsOf(
    customer: string,
    expand: string[],
    deadline: Deadline,
  ): Promise<Stripe.Subscription[]> {
    const { data } = await callStripe(deadline, (options) =>
      this.stripe.subscriptions.list({ customer, limit: 100, expand }, options),
    );
    return data;
  }

  /** Whether any of a customer's subscriptions, of whatever time and status, began with a trial. */
  async hasHadTrial(customerId: string, deadline: Deadline): Promise<boolean> {
    let after: string | undefined;
    for (;;) {
      const page = { customer: customerId, status: 'all', limit: 100, starting_after: after } as const;
      const { data, has_more } = await callStripe(deadline, (options) => this.stripe.subscriptions.list(page, options));
      if (data.some((subscription) => subscription.trial_start !== null)) return true;
      after = data.at(-1)?.id;
      if (!has_more || after === undefined) return false;
    }
  }

  async openSessions(customerId: string, deadline: Deadline): Promise<Stripe.Checkout.Session[]> {
    const { data } = await callStripe(deadline, (options) =>
      this.stripe.checkout.sessions.list({ customer: customerId, status: 'open', limit: 100 }, options),
    );
    return data;
  }

  /** Throws Refused price_gone besides, for a price that was deleted or put out of use. */
  createSession(
    params: Stripe.Checkout.SessionCreateParams,
    attemptId: string,
    deadline: Deadline,
  ): Promise<Stripe.Checkout.Session> {
    const idempotencyKey = `billhook-checkout-${attemptId}`;
    return callAboutPrice(deadline, (options) =>
      this.stripe.checkout.sessions.create(params, { ...options, idempotencyKey }),
    );
  }

  retrieveSession(sessionId: string, deadline: Deadline): Promise<Stripe.Checkout.Session> {
    return callStripe(deadline, (options) => this.stripe.checkout.sessions.retrieve(sessionId, {}, options));
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

  /** By what a customer pays, and what: of the subscription where there is one. */
  async waysToPay(
    { customerId, subscriptionId }: { customerId: string; subscriptionId: string | null },
    deadline: Deadline,
  ): Promise<Pick<BillingDetails, 'method' | 'price' | 'beside'>> {
    // One question for all of them: what is paid for twice shows only beside one another.
    const paths = ['data.default_payment_method', 'data.customer.invoice_settings.default_payment_method'];
    const listed = subscriptionId === null ? [] : await this.subscriptionsOf(customerId, paths, deadline);
    const subscription = listed.find(({ id }) => id === subscriptionId);
    if (subscription === undefined) {
      const expand = ['invoice_settings.default_payment_method'];
      const customer = await callStripe(deadline, (options) =>
        this.stripe.customers.retrieve(customerId, { expand }, options),
      );
      return { method: methodOf(null, customer), price: null, beside: [] };
    }
    const { customer } = subscription;
    const method = typeof customer === 'string' ? null : methodOf(subscription, customer);
    return { method, price: priceOfItem(subscription), beside: paidBeside(subscription.id, listed) };
  }

  async newestInvoices(customerId: string, deadline: Deadline): Promise<Invoice[]> {
    const { data } = await callStripe(deadline, (options) =>
      this.stripe.invoices.list({ customer: customerId, limit: 12 }, options),
    );
    return toInvoices(data);
  }

  async createPortalSession(params: Stripe.BillingPortal.SessionCreateParams, deadline: Deadline): Promise<string> {
    const session = await callStripe(deadline, (options) => this.stripe.billingPortal.sessions.create(params, options));
    return session.url;
  }

  /**
   * Takes access away now and refunds nothing. A DELETE carries no idempotency key, so the SDK's second try after a lost answer
   * is refused: what has ended no longer exists for it. Then the subscription itself says whether it has ended.
   */
  async cancelNow(subscriptionId: string, deadline: Deadline): Promise<Stripe.Subscription> {
    try {
      return await this.stripe.subscriptions.cancel(subscriptionId, {}, deadline.callOptions());
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw fromStripeError(error);
      const subscription = await callStripe(deadline, (options) =>
        this.stripe.subscriptions.retrieve(subscriptionId, {}, options),
      );
      if (endedStatuses.includes(subscription.status)) return subscription;
      throw fromStripeError(error);
    }
  }

  /** A new period from now on. Without its payment it stays paused, so that nobody has a plan again that is not paid. */
  resume(subscriptionId: string, deadline: Deadline): Promise<Stripe.Subscription> {
    const params = { billing_cycle_anchor: { type: 'now' }, payment_behavior: 'resume_on_payment_success' } as const;
    return callStripe(deadline, (options) => this.stripe.subscriptions.resume(subscriptionId, params, options));
  }

  update(
    subscriptionId: string,
    change: Stripe.SubscriptionUpdateParams,
    deadline: Deadline,
  ): Promise<Stripe.Subscription> {
    return callStripe(deadline, (options) => this.stripe.subscriptions.update(subscriptionId, change, options));
  }
}
