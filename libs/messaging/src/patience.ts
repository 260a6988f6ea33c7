/** Below PostgreSQL's deadlock_timeout too: two batches that wait for each other part before it looks. */
const mostForABatchMs = 450;
const mostInAllMs = 500;
/** PostgreSQL waits in whole milliseconds, and 0 would be for ever. */
const leastMs = 2;

/**
 * How long a batch may wait for locks that others hold, in all. Whoever sits on one customer's rows must not hold up everybody
 * else: once the patience is used up, an event that meets a lock is put off almost at once and its neighbours go on.
 */
export class Patience {
  private leftMs = mostInAllMs;

  /** For the next transaction. */
  get lockTimeoutMs(): number {
    return Math.max(Math.min(Math.floor(this.leftMs), mostForABatchMs), leastMs);
  }

  /** A wait of this length was in vain. */
  waited(ms: number): void {
    this.leftMs -= ms;
  }
}
