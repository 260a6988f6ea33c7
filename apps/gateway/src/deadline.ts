import { Retryable } from '@billhook/runtime';

/** Nothing sensible comes of a Stripe call that has less time than this. */
const shortestCallMs = 100;
/** What the SDK may wait between its two tries. */
const retryPauseMs = 500;

/** For all that one request asks of Stripe. Ten seconds are promised from the request to the answer: one is for ourselves. */
export const requestMs = 9_000;

/** One end for everything a request does: several calls to Stripe share the time that is left. */
export class Deadline {
  private readonly endsAt: number;

  constructor(
    totalMs: number,
    private readonly now: () => number,
  ) {
    this.endsAt = now() + totalMs;
  }

  remainingMs(): number {
    return Math.max(0, this.endsAt - this.now());
  }

  /**
   * The SDK applies `timeout` to each try, so half of what is left goes to each of two. Throws Retryable stripe_timeout when
   * there is no time for a call.
   */
  callOptions(): { timeout: number; maxNetworkRetries: number } {
    const timeout = Math.floor((this.remainingMs() - retryPauseMs) / 2);
    if (timeout < shortestCallMs) throw new Retryable('stripe_timeout');
    return { timeout, maxNetworkRetries: 1 };
  }
}
