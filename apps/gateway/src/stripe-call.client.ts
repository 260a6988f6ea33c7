import { Refused } from '@billhook/runtime';
import { fromStripeError } from '@billhook/stripe';
import Stripe from 'stripe';
import { setTimeout as pause } from 'node:timers/promises';
import type { Deadline } from './deadline.js';

const mostTries = 3;
const shortestPauseMs = 200;

/**
 * One call within a request's deadline. The SDK itself repeats what found no answer, but never a 429, which mostly says that
 * the object is locked by another request for a moment (Stripe docs, Rate limits): here it is repeated, if time allows. Throws
 * Retryable stripe_timeout and stripe_unavailable, Refused stripe_refused.
 */
export async function callStripe<T>(
  deadline: Deadline,
  ask: (options: Stripe.RequestOptions) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const options = deadline.callOptions();
    try {
      return await ask(options);
    } catch (error) {
      const pauseMs = pauseBefore(error, tries);
      if (pauseMs === null || pauseMs >= deadline.remainingMs()) throw fromStripeError(error);
      await pause(pauseMs);
    }
  }
}

/** As `callStripe`, for what names a price. Throws Refused price_gone besides, for one that was deleted or put out of use. */
export function callAboutPrice<T>(deadline: Deadline, ask: (options: Stripe.RequestOptions) => Promise<T>): Promise<T> {
  return callStripe(deadline, async (options) => {
    try {
      return await ask(options);
    } catch (error) {
      throw isAboutPrice(error) ? new Refused('price_gone') : error;
    }
  });
}

/** Stripe names the parameter: an item's price, or a line of a checkout, which is made of nothing else. */
function isAboutPrice(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && /^line_items\b|\[price\]$/.test(error.param ?? '');
}

/** Twice as long each time, and up to as long again by chance, so that many who were refused together come back apart. */
function pauseBefore(error: unknown, tries: number): number | null {
  if (!(error instanceof Stripe.errors.StripeRateLimitError) || tries >= mostTries) return null;
  const asked = Number(error.headers?.['retry-after']) * 1_000;
  const pauseMs = Math.max(shortestPauseMs * 2 ** (tries - 1), Number.isFinite(asked) ? asked : 0);
  return pauseMs * (1 + Math.random());
}
