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

/** Twice as long each time, and up to as long again by chance, so that many who were refused together come back apart. */
function pauseBefore(error: unknown, tries: number): number | null {
  if (!(error instanceof Stripe.errors.StripeRateLimitError) || tries >= mostTries) return null;
  const asked = Number(error.headers?.['retry-after']) * 1_000;
  const pauseMs = Math.max(shortestPauseMs * 2 ** (tries - 1), Number.isFinite(asked) ? asked : 0);
  return pauseMs * (1 + Math.random());
}
