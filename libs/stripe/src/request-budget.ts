/** A budget of requests, spent one at a time: `freeAt` is when the next one may be sent (ms of a clock that is never set back). */
export interface RequestBudget {
  freeAt: number;
}

/** `bulk` waits for every `interactive` question: somebody may be looking at a page. */
export type RequestPriority = 'interactive' | 'bulk';

const longestPauseMs = 60_000;
const firstPauseMs = 1_000;

/**
 * Takes the next place. Evenly spaced and without a burst: whatever second one looks at, no more than `perSecond` requests
 * begin in it.
 */
export function takePlace(
  budget: RequestBudget,
  now: number,
  perSecond: number,
): { budget: RequestBudget; waitMs: number } {
  const at = Math.max(budget.freeAt, now);
  return { budget: { freeAt: at + 1_000 / perSecond }, waitMs: at - now };
}

/** Nobody asks anything before the pause is over. */
export function paused(budget: RequestBudget, now: number, ms: number): RequestBudget {
  return { freeAt: Math.max(budget.freeAt, now + ms) };
}

/**
 * How long to leave Stripe alone after the `strikes`-th 429 in a row (from 1). What its `Retry-After` says, and up to a quarter
 * more; without one a second, doubled each time, of which a random half. `random` is from 0 to 1: without it, all replicas
 * that were refused together would come back together.
 */
export function pauseAfterRefusal(retryAfter: string | undefined, strikes: number, random: number): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds > 0) return Math.min(seconds * 1_000 * (1 + random / 4), longestPauseMs);
  return Math.min(firstPauseMs * 2 ** (strikes - 1), longestPauseMs) * (0.5 + random / 2);
}
