import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';

/** The client for what somebody waits for. */
export const stripeToken = Symbol('Stripe');

export interface FetchedObject {
  object: unknown;
  /** Stripe's own clock when it answered; null when the answer does not say. */
  answeredAt: Date | null;
}

@Injectable()
export class SubscriptionClient {
  constructor(@Inject(stripeToken) private readonly stripe: Stripe) {}

  /** Null when Stripe knows no such subscription. Throws Retryable when it is not there, Refused when it will not say. */
  fetch(subscriptionId: string): Promise<FetchedObject | null> {
    return retrieveSubscription(this.stripe, subscriptionId);
  }
}

/** By either of the clients. Answers and throws as `SubscriptionClient.fetch`. */
export async function retrieveSubscription(stripe: Stripe, id: string): Promise<FetchedObject | null> {
  try {
    const subscription = await stripe.subscriptions.retrieve(id);
    return { object: subscription, answeredAt: toInstant(subscription.lastResponse.headers['date']) };
  } catch (error) {
    if (isNoSuchObject(error)) return null;
    throw fromStripeError(error);
  }
}

/** Of a `Date` header; null without one that can be read. */
export function toInstant(header: string | undefined): Date | null {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? null : new Date(time);
}
