/** After a failure Stripe is asked this rarely, for one page at a time. */
const pauseMs = 10_000;

/**
 * Whether what a page shows beside the plan is asked of Stripe: one page finds out that Stripe is away, and those after it do not
 * wait, but one in ten seconds, a moment, which finds out whether it is back. It is no circuit breaker: what customers want done is
 * always tried, within its own deadline.
 */
export class Outage {
  private isOn = false;
  private askAgainAt = 0;

  /** `wait` for the answer; wait `briefly`, with what was known at hand; or do `not` ask, having asked seconds ago. */
  wayToAsk(now: number): 'wait' | 'briefly' | 'not' {
    if (!this.isOn) return 'wait';
    if (now < this.askAgainAt) return 'not';
    this.askAgainAt = now + pauseMs;
    return 'briefly';
  }

  begin(now: number): void {
    this.isOn = true;
    this.askAgainAt = now + pauseMs;
  }

  end(): void {
    this.isOn = false;
  }
}
