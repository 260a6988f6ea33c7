import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfterRefusal, paused, takePlace } from './request-budget.js';
import type { RequestBudget, RequestPriority } from './request-budget.js';

/** Thrown at who asks while Stripe wants to be left alone for longer than they can wait. */
export class GateClosed extends Error {
  override readonly name = 'GateClosed';
  constructor(readonly forMs: number) {
    super(`Stripe wants no requests for another ${Math.ceil(forMs / 1_000)} s`);
  }
}

interface Waiting {
  priority: RequestPriority;
  pass: () => void;
}

/**
 * What every request of a process to Stripe passes, one after the other: no more than `perSecond` of them, the interactive
 * ones first, and none while Stripe has said 429. Each process has its own: replicas together may ask as many times as much.
 */
export class RequestGate {
  private budget: RequestBudget = { freeAt: 0 };
  private waiting: Waiting[] = [];
  private isOpening = false;
  private strikes = 0;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** Resolves when a request may begin. Rejects GateClosed at once where a pause outlasts `patienceMs`. */
  async pass(priority: RequestPriority, patienceMs: number): Promise<void> {
    const closedFor = this.budget.freeAt - this.now();
    if (closedFor > patienceMs) throw new GateClosed(closedFor);
    await new Promise<void>((resolve) => {
      this.waiting.push({ priority, pass: resolve });
      if (!this.isOpening) void this.open();
    });
  }

  /** Stripe has answered 429; how long nobody asks now. */
  refused(retryAfter: string | undefined): number {
    this.strikes += 1;
    const ms = pauseAfterRefusal(retryAfter, this.strikes, this.random());
    this.budget = paused(this.budget, this.now(), ms);
    return ms;
  }

  answered(): void {
    this.strikes = 0;
  }

  /** A place is given away only when its time has come, to whoever is first then: not to who asked first. */
  private async open(): Promise<void> {
    this.isOpening = true;
    while (this.waiting.length > 0) {
      const { budget, waitMs } = takePlace(this.budget, this.now(), this.perSecond);
      if (waitMs > 0) {
        await delay(waitMs, undefined, { ref: false });
        continue; // a refusal meanwhile may have moved the place
      }
      this.budget = budget;
      this.takeFirst()?.pass();
    }
    this.isOpening = false;
  }

  private takeFirst(): Waiting | undefined {
    const index = this.waiting.findIndex(({ priority }) => priority === 'interactive');
    return this.waiting.splice(Math.max(index, 0), 1)[0];
  }
}
