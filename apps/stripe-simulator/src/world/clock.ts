/**
 * The account's time, in Unix seconds: the wall clock plus an offset that only grows.
 * `hold` freezes it at one instant while something due then is carried out, so that everything it creates bears that
 * time.
 */
export class Clock {
  private offset = 0;
  private held: number | null = null;
  private readonly listeners: Array<() => void> = [];

  /** `listener` is called whenever time was made to pass, at least once a second. */
  onMove(listener: () => void): void {
    this.listeners.push(listener);
  }

  now(): number {
    return this.held ?? Math.floor(Date.now() / 1000) + this.offset;
  }

  /** Moves to `time`; never backwards. */
  moveTo(time: number): void {
    this.offset += Math.max(0, time - this.now());
    for (const listener of this.listeners) listener();
  }

  hold(time: number, work: () => void): void {
    this.held = time;
    try {
      work();
    } finally {
      this.held = null;
    }
  }

  reset(): void {
    this.offset = 0;
  }
}
