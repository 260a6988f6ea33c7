import { setTimeout as delay } from 'node:timers/promises';

const firstCheckMs = 250;
/** Joining again within two seconds is promised. */
const longestCheckMs = 1_000;
const longestReturnMs = 30_000;
/** Of the fifty deliveries that the broker allows: enough for another replica to have better luck. */
const mostReturns = 3;

/**
 * When a paused consumer may go on. A disk may be full for writers while every check succeeds: so a pause that follows another
 * without success in between is a longer one, and after a few of them giving messages back is in vain.
 */
export class Comeback {
  private pauses = 0;
  private readonly closing = new AbortController();

  constructor(private readonly isReady: () => Promise<boolean>) {}

  get isInVain(): boolean {
    return this.pauses >= mostReturns;
  }

  succeeded(): void {
    this.pauses = 0;
  }

  /** Ends whatever wait is under way. */
  close(): void {
    this.closing.abort();
  }

  async wait(): Promise<void> {
    if (this.pauses > 0) await this.delay(Math.min(firstCheckMs * 2 ** (this.pauses - 1), longestReturnMs));
    this.pauses += 1;
    let waitMs = firstCheckMs;
    while (!this.closing.signal.aborted && !(await this.isReady())) {
      await this.delay(waitMs);
      waitMs = Math.min(waitMs * 2, longestCheckMs);
    }
  }

  private async delay(ms: number): Promise<void> {
    // Being aborted is the one way in which it rejects, and the loop sees that by itself.
    await delay(ms, undefined, { ref: false, signal: this.closing.signal }).catch(() => undefined);
  }
}
