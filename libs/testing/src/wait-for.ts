import { setTimeout as delay } from 'node:timers/promises';

const pollEveryMs = 25;

/**
 * Polls until `probe` returns a value other than undefined or false; rejects naming `what` after `timeoutMs`. An exception
 * of the probe counts as "not yet"; the last one becomes the cause of the rejection.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await delay(pollEveryMs);
  } while (Date.now() < deadline);
  const because = lastError instanceof Error ? `: ${lastError.message}` : '';
  throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}${because}`, { cause: lastError });
}
