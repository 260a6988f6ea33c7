import { setTimeout as delay } from 'node:timers/promises';

/** Until it has ended, but no longer than this: who stops cannot wait for what hangs. Rejects as it does. */
export async function waitAtMost(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  const ended = new AbortController();
  const late = delay(ms, undefined, { signal: ended.signal }).catch(() => undefined);
  await Promise.race([work, late]).finally(() => ended.abort());
}
