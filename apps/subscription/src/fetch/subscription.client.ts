import { unpaidSince } from '@billhook/billing';
import { fromStripeError, isNoSuchObject, isNotPermitted } from '@billhook/stripe';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type Stripe from 'stripe';

/** The client for what somebody waits for. */
export const stripeToken = Symbol('Stripe');
/** The client for what nobody waits for. */
export const bulkStripeToken = Symbol('bulk Stripe');

/** What is unpaid for longer has lost any grace. */
const mostInvoices = 100;

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

/**
 * By either of the clients. Answers and throws as `SubscriptionClient.fetch`. What is past due does not say since when: its invoices are
 * asked for too, and what they say is put beside Stripe's own fields (`unpaid_since`).
 */
export async function retrieveSubscription(stripe: Stripe, id: string): Promise<FetchedObject | null> {
  try {
    const subscription = await stripe.subscriptions.retrieve(id);
    if (subscription.status !== 'past_due') return toAnswer(subscription);
    const invoices = await newestInvoices(stripe, id);
    // Paid meanwhile, perhaps: then it is not past due any more.
    if (invoices[0]?.status === 'paid') return toAnswer(await stripe.subscriptions.retrieve(id));
    const since = unpaidSince(invoices);
    const answer = toAnswer(subscription);
    return since === null ? answer : { ...answer, object: { ...subscription, unpaid_since: since } };
  } catch (error) {
    if (isNoSuchObject(error)) return null;
    throw fromStripeError(error);
  }
}

/** Down to the last that was paid. None for a key that may not read invoices: what is remembered has to do then. */
async function newestInvoices(stripe: Stripe, subscription: string): Promise<Stripe.Invoice[]> {
  const invoices: Stripe.Invoice[] = [];
  try {
    for await (const invoice of stripe.invoices.list({ subscription, limit: 10 })) {
      invoices.push(invoice);
      if (invoice.status === 'paid' || invoices.length === mostInvoices) break;
    }
  } catch (error) {
    if (!isNotPermitted(error)) throw error;
    new Logger('stripe').warn({ msg: 'STRIPE_SECRET_KEY may not read invoices: give it that right', subscription });
  }
  return invoices;
}

function toAnswer(subscription: Stripe.Response<Stripe.Subscription>): FetchedObject {
  return { object: subscription, answeredAt: answeredAt(subscription) };
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
