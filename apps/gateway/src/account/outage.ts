/** After a failure Stripe is asked this rarely, for one page at a time, which does not wait for it. */
const pauseMs = 10_000;

/**
 * Whether what a page shows beside the plan is asked of Stripe: one page finds out that Stripe is away, and those after it do not
 * wait. It is no circuit breaker: what customers want done is always tried, within its own deadline.
 */
export class Outage {
  private isOn = false;
  private askAgainAt = 0;

  /** `wait` for the answer, ask `aside` with nobody waiting, or do `not` ask. */
  wayToAsk(now: number): 'wait' | 'aside' | 'not' {
    if (!this.isOn) return 'wait';
    if (now < this.askAgainAt) return 'not';
    this.askAgainAt = now + pauseMs;
    return 'aside';
  }

  begin(now: number): void {
    this.isOn = true;
    this.askAgainAt = now + pauseMs;
  }

  end(): void {
    this.isOn = false;
  }
}
