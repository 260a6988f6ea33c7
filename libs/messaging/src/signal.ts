/** Wakes one waiter. A call while nobody waits is remembered, so that nothing is missed between two waits. */
export class Signal {
  private isSet = false;
  private wake: (() => void) | undefined;

  set(): void {
    this.isSet = true;
    this.wake?.();
  }

  /** Until `set`, or for this long; whether it was set. */
  async wait(ms: number): Promise<boolean> {
    if (!this.isSet) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      this.wake = resolve;
      await promise;
      clearTimeout(timer);
      this.wake = undefined;
    }
    const wasSet = this.isSet;
    this.isSet = false;
    return wasSet;
  }
}
