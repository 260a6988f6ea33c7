import { unpaidSince } from '@billhook/billing';
import type { WithUnpaidSince } from '@billhook/billing';
import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';

/** The client for what somebody waits for. */
export const stripeToken = Symbol('Stripe');
/** The client for what nobody waits for. */
export const bulkStripeToken = Symbol('bulk Stripe');

export interface FetchedObject {
  object: unknown;
  /** The clock by which the object's events are dated when it was answered; null when the answer does not say. */
  answeredAt: Date | null;
}

@Injectable()
export class SubscriptionClient {
  constructor(
    @Inject(stripeToken) private readonly stripe: Stripe,
    @Inject(bulkStripeToken) private readonly bulk: Stripe,
  ) {}

  /** Null when Stripe knows no such subscription. Throws Retryable when it is not there, Refused when it will not say. */
  fetch({ subscriptionId, isBackground }: { subscriptionId: string; isBackground: boolean }) {
    return retrieveSubscription(isBackground ? this.bulk : this.stripe, subscriptionId);
  }
}

/** By either of the clients. Answers and throws as `SubscriptionClient.fetch`. */
export async function retrieveSubscription(stripe: Stripe, id: string): Promise<FetchedObject | null> {
  try {
    const subscription = await stripe.subscriptions.retrieve(id);
    const object = subscription.status === 'past_due' ? await withUnpaidSince(stripe, subscription) : subscription;
    return { object, answeredAt: answeredAt(subscription) };
  } catch (error) {
    if (isNoSuchObject(error)) return null;
    throw fromStripeError(error);
  }
}

/** A subscription that is past due does not say since when: its invoices do. The newest hundred are all that can matter. */
async function withUnpaidSince(
  stripe: Stripe,
  subscription: Stripe.Subscription,
): Promise<Stripe.Subscription | WithUnpaidSince<Stripe.Subscription>> {
  const { data } = await stripe.invoices.list({ subscription: subscription.id, limit: 100 });
  const since = unpaidSince(data);
  return since === null ? subscription : { ...subscription, unpaid_since: since };
}

/** The header is of the real time, also where the subscription lives by a test clock: then nothing says how new the answer is. */
function answeredAt({ test_clock: testClock, lastResponse }: Stripe.Response<Stripe.Subscription>): Date | null {
  return testClock === null ? toInstant(lastResponse.headers['date']) : null;
}

/** Of a `Date` header; null without one that can be read. */
export function toInstant(header: string | undefined): Date | null {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? null : new Date(time);
}
