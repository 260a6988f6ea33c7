import { setTimeout as delay } from 'node:timers/promises';

export interface Repetition {
  everyMs: number;
  signal: AbortSignal;
  /** Answers whether to go on at once. */
  work: () => Promise<boolean>;
  /** Told of the first of several failures in a row, not once a turn for as long as a database is away. */
  failed: (error: unknown) => void;
}

/** Does a piece of work again and again until it is aborted; resolves when the turn in hand has ended. */
export async function repeat({ everyMs, signal, work, failed }: Repetition): Promise<void> {
  let hasFailed = false;
  while (!signal.aborted) {
    let goesOn = false;
    try {
      goesOn = await work();
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) failed(error);
      hasFailed = true;
    }
    // Aborted, the pause ends early, which is what the abort is for.
    if (!goesOn) await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
