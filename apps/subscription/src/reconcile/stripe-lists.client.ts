import { fromStripeError } from '@billhook/stripe';
import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { z } from 'zod';
import { bulkStripeToken, retrieveSubscription, toInstant } from '../fetch/subscription.client.js';
import type { FetchedObject } from '../fetch/subscription.client.js';

/** Newest first, as Stripe lists. */
export interface Page<T> {
  data: T[];
  hasMore: boolean;
  /** Stripe's own clock when it answered; null when the answer does not say. */
  answeredAt: Date | null;
}

/** Which events. Times in whole seconds. */
export interface EventsQuery {
  createdBefore?: number;
  createdUntil?: number;
  startingAfter?: string;
  /** Those newer than this one, beginning with the oldest of them. */
  endingBefore?: string;
  limit?: number;
}

const pageSize = 100;
const listed = z.object({ data: z.array(z.custom<ListedObject>(hasId)), has_more: z.boolean() });
const headers = z.object({ lastResponse: z.object({ headers: z.record(z.string(), z.unknown()) }) });

/** An element of a list, as it came. */
export type ListedObject = { id: string } & Record<string, unknown>;

function hasId(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

/** Stripe's lists, page by page. Throws Retryable when Stripe is not there, Refused when it will not say. */
@Injectable()
export class StripeLists {
  constructor(@Inject(bulkStripeToken) private readonly stripe: Stripe) {}

  /** Every subscription there is, ended ones too. */
  async subscriptions(startingAfter: string | null): Promise<Page<ListedObject>> {
    const query = new URLSearchParams({ status: 'all', limit: String(pageSize) });
    if (startingAfter !== null) query.set('starting_after', startingAfter);
    return this.list('/v1/subscriptions', query);
  }

  async events(wanted: EventsQuery): Promise<Page<ListedObject>> {
    const query = new URLSearchParams({ limit: String(wanted.limit ?? pageSize) });
    if (wanted.createdBefore !== undefined) query.set('created[lt]', String(wanted.createdBefore));
    if (wanted.createdUntil !== undefined) query.set('created[lte]', String(wanted.createdUntil));
    if (wanted.startingAfter !== undefined) query.set('starting_after', wanted.startingAfter);
    if (wanted.endingBefore !== undefined) query.set('ending_before', wanted.endingBefore);
    return this.list('/v1/events', query);
  }

  /** Null when Stripe knows no such subscription. */
  subscription(id: string): Promise<FetchedObject | null> {
    return retrieveSubscription(this.stripe, id);
  }

  /** Raw, because the SDK's own lists make objects of its own of what an event was sent with. */
  private async list(path: string, query: URLSearchParams): Promise<Page<ListedObject>> {
    try {
      const answer: unknown = await this.stripe.rawRequest('GET', `${path}?${query.toString()}`);
      const { data, has_more: hasMore } = listed.parse(answer);
      const date = headers.safeParse(answer).data?.lastResponse.headers['date'];
      return { data, hasMore, answeredAt: toInstant(typeof date === 'string' ? date : undefined) };
    } catch (error) {
      throw fromStripeError(error);
    }
  }
}
