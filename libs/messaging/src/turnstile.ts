export interface Turn {
  locked: () => void;
  /** Instead of `locked`: everything is given back and comes again. Whoever waits behind must not be earlier then, and gives up too. */
  gaveUp: (error: unknown) => void;
}

/**
 * Lets batches overlap without letting one overtake another: each passes only once the one before it holds its locks. From there
 * on PostgreSQL keeps the order of whatever the two have in common.
 */
export class Turnstile {
  private last: Promise<void> = Promise.resolve();

  /**
   * Resolves in the order of the calls; rejects as the one before gave up. Whoever passed must call `locked` or `gaveUp`, however
   * it ends; only the first call counts.
   */
  async pass(): Promise<Turn> {
    const before = this.last;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.last = promise;
    const gaveUp = (error: unknown): void => (this.last === promise ? resolve() : reject(error));
    try {
      await before;
    } catch (error) {
      gaveUp(error);
      throw error;
    }
    return { locked: resolve, gaveUp };
  }
}
