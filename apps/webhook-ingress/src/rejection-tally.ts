/** One line of the trail's account of what was turned away. */
export interface RejectionCount {
  code: string;
  remoteAddress: string;
  count: number;
}

/** What stands in for an address once too many of them are waiting to be reported. */
export const variousAddresses = 'various';
const mostPlaces = 1_000;
const capacity = 10;

/**
 * Counts rejections until they may be reported. A flood of forgeries must not become a flood of events, and no count may be
 * lost: reports cost a token, tokens come one a second up to ten, and what waits is added up by code and address.
 */
export class RejectionTally {
  private readonly waiting = new Map<string, RejectionCount>();
  private tokens = capacity;
  private refilledAt: number;

  /** `now` in milliseconds, of a clock that is never set back. */
  constructor(now: number) {
    this.refilledAt = now;
  }

  add(rejection: RejectionCount): void {
    const place = this.placeOf(rejection);
    const key = `${place.code} ${place.remoteAddress}`;
    const known = this.waiting.get(key);
    this.waiting.set(key, { ...place, count: place.count + (known?.count ?? 0) });
  }

  /** As many as may be reported now; the rest goes on waiting. */
  takeDue(now: number): RejectionCount[] {
    const earned = Math.floor((now - this.refilledAt) / 1000);
    this.tokens = Math.min(capacity, this.tokens + earned);
    this.refilledAt += earned * 1000;
    return this.take(this.tokens);
  }

  /** Everything, for the moment before the process ends. */
  takeAll(): RejectionCount[] {
    return this.take(this.waiting.size);
  }

  private take(most: number): RejectionCount[] {
    const due = [...this.waiting].slice(0, most);
    for (const [key] of due) this.waiting.delete(key);
    this.tokens = Math.max(0, this.tokens - due.length);
    return due.map(([, count]) => count);
  }

  private placeOf(rejection: RejectionCount): RejectionCount {
    const isKnown = this.waiting.has(`${rejection.code} ${rejection.remoteAddress}`);
    if (isKnown || this.waiting.size < mostPlaces) return rejection;
    return { ...rejection, remoteAddress: variousAddresses };
  }
}
