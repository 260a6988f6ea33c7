/**
 * Lets batches overlap without letting one overtake another: each passes only once the one before it holds its locks. From there
 * on PostgreSQL keeps the order of whatever the two have in common.
 */
export class Turnstile {
  private last: Promise<void> = Promise.resolve();

  /** Resolves in the order of the calls. Whoever passed must call `locked` once, however it ends. */
  async pass(): Promise<{ locked: () => void }> {
    const before = this.last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.last = promise;
    await before;
    return { locked: resolve };
  }
}
