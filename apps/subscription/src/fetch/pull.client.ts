import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { stripeToken } from './subscription.client.js';

const mostSubscriptions = 100;

/** Asks Stripe which subscriptions something leads to. Throws Retryable when Stripe is not there, Refused when it will not say. */
@Injectable()
export class PullClient {
  constructor(@Inject(stripeToken) private readonly stripe: Stripe) {}

  /** None for a session that Stripe does not know, or that nobody has paid (yet): when it is paid, an event says so. */
  async subscriptionOfSession(sessionId: string): Promise<string[]> {
    try {
      const { subscription } = await this.stripe.checkout.sessions.retrieve(sessionId);
      if (subscription === null) return [];
      return [typeof subscription === 'string' ? subscription : subscription.id];
    } catch (error) {
      if (isNoSuchObject(error)) return [];
      throw fromStripeError(error);
    }
  }

  /** The newest hundred, ended ones too. None for a customer that Stripe does not know. */
  async subscriptionsOfCustomer(customerId: string): Promise<string[]> {
    try {
      const page = await this.stripe.subscriptions.list({
        customer: customerId,
        status: 'all',
        limit: mostSubscriptions,
      });
      return page.data.map(({ id }) => id);
    } catch (error) {
      if (isNoSuchObject(error)) return [];
      throw fromStripeError(error);
    }
  }
}
