import type { FoundAccount } from './account.store.js';

type Found = Pick<FoundAccount, 'account' | 'change'>;

/** What was read of one account, or is being read. */
interface Memory {
  reading: Promise<Found>;
  readAt: number;
}

/** Bounds the memory of one process, at 1 to 2 KB each. */
const mostRemembered = 5_000;
/** What is said to have changed is dropped at once. This is for what nobody says: a row that was changed by hand. */
const longestMs = 5_000;

/**
 * Accounts as they were read, until one of them is said to have changed. Who comes while an account is being read gets what comes of
 * that; what changes meanwhile is not kept.
 */
export class RememberedAccounts {
  private readonly memories = new Map<string, Memory>();

  /** `now` in milliseconds, of a clock that is never set back. */
  constructor(
    private readonly readNow: (userId: string) => Promise<Found>,
    private readonly now: () => number,
  ) {}

  read(userId: string): Promise<Found> {
    const known = this.memories.get(userId);
    if (known !== undefined && this.now() - known.readAt < longestMs) return known.reading;
    const reading = this.readNow(userId);
    const memory = { reading, readAt: this.now() };
    this.makeRoom();
    this.memories.set(userId, memory);
    // Whoever asked hears of the failure; the next one tries again.
    reading.catch(() => {
      if (this.memories.get(userId) === memory) this.memories.delete(userId);
    });
    return reading;
  }

  forget(userId: string): void {
    this.memories.delete(userId);
  }

  forgetAll(): void {
    this.memories.clear();
  }

  /** The oldest goes first: it costs one statement again. */
  private makeRoom(): void {
    const [oldest] = this.memories.keys();
    if (oldest !== undefined && this.memories.size >= mostRemembered) this.memories.delete(oldest);
  }
}
