import type { ApiFault } from './chaos.request.js';

/** What a request meets that is one too many. */
export const overTheLimit: ApiFault = { fault: 429, retry_after: 1, path: '/', probability: 1 };

/** So many requests a second, and as many at once after a pause: a bucket that fills again at that pace. */
export class RateLimit {
  private left: number;
  private filledAt = -Infinity;

  constructor(private readonly perSecond: number) {
    this.left = perSecond;
  }

  /** Whether one more request is let through at `now`, in milliseconds. */
  takes(now: number): boolean {
    const refill = ((now - this.filledAt) / 1000) * this.perSecond;
    this.left = Math.min(this.perSecond, this.left + refill);
    this.filledAt = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
