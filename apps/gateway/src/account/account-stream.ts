import { accountFrame, accountKey, heartbeatFrame, retryFrame } from './account-frame.js';
import type { AccountAnswer } from './account-answer.js';

/** Where a stream is written to: a response, or what stands for one. */
export interface StreamSink {
  /** False when the other side is slow: what was written waits in memory. */
  write(text: string): boolean;
  end(text: string): void;
  destroy(): void;
}

/** Proxies give a silent connection up after 30 to 60 seconds. */
const heartbeatMs = 15_000;
/** Whoever reads nothing for this long has gone without a word. */
const longestBehindMs = 30_000;

/**
 * One browser that follows one account. Nothing is queued for it: while it is slow it misses what comes, and gets the account
 * as it then is once it has caught up, so that it holds no more than one frame.
 */
export class AccountStream {
  private told: string | null = null;
  private lastSentAt: number;
  private behindSince: number | null = null;
  private hasMissed = false;

  constructor(
    readonly userId: string,
    /** When the token ends that it was opened with, in milliseconds. */
    readonly expiresAt: number,
    private readonly sink: StreamSink,
    private readonly start: { lastVersion: number | null; now: number },
  ) {
    this.lastSentAt = start.now;
  }

  offer(account: AccountAnswer, now: number): void {
    if (this.behindSince !== null) {
      this.hasMissed = true;
      return;
    }
    const key = accountKey(account);
    const isKnown = this.told === null ? this.hasHeardOf(account) : this.told === key;
    this.told = key;
    if (!isKnown) this.write(accountFrame(account), now);
  }

  /** The other side reads again. True when it has missed something. */
  catchUp(): boolean {
    const { hasMissed } = this;
    this.behindSince = null;
    this.hasMissed = false;
    return hasMissed;
  }

  /** To be called every second or so. */
  tick(now: number): void {
    if (now >= this.expiresAt) return this.end(null);
    if (this.behindSince !== null) {
      if (now - this.behindSince >= longestBehindMs) this.sink.destroy();
    } else if (now - this.lastSentAt >= heartbeatMs) this.write(heartbeatFrame, now);
  }

  /** `retryMs` is when the browser may come back; null where that is of no use. */
  end(retryMs: number | null): void {
    this.sink.end(retryMs === null ? '' : retryFrame(retryMs));
  }

  private hasHeardOf({ version, pending }: AccountAnswer): boolean {
    return pending === null && version === this.start.lastVersion;
  }

  private write(text: string, now: number): void {
    this.lastSentAt = now;
    if (!this.sink.write(text)) this.behindSince = now;
  }
}
