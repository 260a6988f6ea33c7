import { fromStripeError } from '@billhook/stripe';
import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';

export const stripeToken = Symbol('Stripe');

export interface FetchedObject {
  object: unknown;
  /** Stripe's own clock when it answered; null when the answer does not say. */
  answeredAt: Date | null;
}

@Injectable()
export class SubscriptionClient {
  constructor(@Inject(stripeToken) private readonly stripe: Stripe) {}

  /** Throws Retryable when Stripe is not there, Refused when it will not say. */
  async fetch(subscriptionId: string): Promise<FetchedObject> {
    try {
      const subscription = await this.stripe.subscriptions.retrieve(subscriptionId);
      return { object: subscription, answeredAt: toDate(subscription.lastResponse.headers['date']) };
    } catch (error) {
      throw fromStripeError(error);
    }
  }
}

function toDate(header: string | undefined): Date | null {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? null : new Date(time);
}
