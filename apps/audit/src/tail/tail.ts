import type { EntryView } from '../query/entries.store.js';

/** Where a tail is written to: a response, or what stands for one. */
export interface TailSink {
  /** False when the other side is slow. */
  write(text: string): boolean;
  end(): void;
  destroy(): void;
}

/** Reads the next entries behind a seq, oldest first, at most `limit`. */
export type ReadBehind = (after: string, limit: number) => Promise<EntryView[]>;

/** Proxies give a silent connection up after 30 to 60 seconds. */
const heartbeatMs = 15_000;
/** Whoever reads nothing for this long has gone without a word. */
const longestBehindMs = 30_000;
const pageSize = 100;

/**
 * One reader that follows the trail. Nothing is queued for it: while it is slow nothing is read for it, and it goes on from where it
 * was, so that it misses nothing and holds no more than one page.
 */
export class Tail {
  private isReading = false;
  private behindSince: number | null = null;
  private lastSentAt: number;
  /** Up to here the trail has been looked through. */
  private lookedAt: string;

  constructor(
    private readonly sink: TailSink,
    private readonly read: ReadBehind,
    private readonly start: { after: string; now: number; expiresAt: number },
  ) {
    this.lastSentAt = start.now;
    this.lookedAt = start.after;
  }

  /** The trail goes up to `head`. Rejects when it could not be read; it may be offered again. */
  async offer(head: string, now: () => number): Promise<void> {
    if (this.isReading || BigInt(this.lookedAt) >= BigInt(head)) return;
    this.isReading = true;
    try {
      while (this.behindSince === null && (await this.next(head, now)));
    } finally {
      this.isReading = false;
    }
  }

  /** The other side reads again. */
  catchUp(): void {
    this.behindSince = null;
  }

  /** To be called every second or so. */
  tick(now: number): void {
    if (now >= this.start.expiresAt) return this.sink.end();
    if (this.behindSince !== null) {
      if (now - this.behindSince >= longestBehindMs) this.sink.destroy();
    } else if (now - this.lastSentAt >= heartbeatMs) this.write(':\n\n', now);
  }

  end(): void {
    this.sink.end();
  }

  /** One page; whether there may be another. */
  private async next(head: string, now: () => number): Promise<boolean> {
    const page = await this.read(this.lookedAt, pageSize);
    if (page.length > 0) this.write(page.map(toFrame).join(''), now());
    const isFull = page.length === pageSize;
    // What was appended while the page was read may be on it.
    const reached = String(page.at(-1)?.seq ?? 0);
    this.lookedAt = isFull || BigInt(reached) > BigInt(head) ? reached : head;
    return isFull;
  }

  private write(text: string, now: number): void {
    this.lastSentAt = now;
    if (!this.sink.write(text)) this.behindSince = now;
  }
}

/** A server-sent event; its id is the seq, to go on from. */
export function toFrame(entry: EntryView): string {
  return `event: entry\nid: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** The seq that a reader says it has got to; undefined for anything that is none. */
export function toLastSeq(lastEventId: unknown): string | undefined {
  return typeof lastEventId === 'string' && /^(0|[1-9]\d{0,17})$/.test(lastEventId) ? lastEventId : undefined;
}
