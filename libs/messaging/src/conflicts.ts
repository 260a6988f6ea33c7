import { setTimeout as delay } from 'node:timers/promises';

/** PostgreSQL chose this transaction to lose against a concurrent one: serialization failure, deadlock. */
const conflictStates = new Set(['40001', '40P01']);
const lockTimeoutState = '55P03';
const mostRetries = 5;
const firstPauseMs = 10;

/** Nothing of it was committed and nothing is wrong with it: the same transaction may well succeed at once. */
export function isConflict(error: unknown): boolean {
  return conflictStates.has(sqlStateOf(error));
}

/** Somebody else held a lock for longer than this transaction was willing to wait. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === lockTimeoutState;
}

/**
 * Runs a transaction again, up to five times, when PostgreSQL sacrificed it to a concurrent one; any other failure, and the
 * last, is the caller's. The pauses are random, so that the two do not meet again.
 */
export async function retryingConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (retries >= mostRetries || !isConflict(error)) throw error;
      await delay(Math.random() * firstPauseMs * 2 ** retries);
    }
  }
}

function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
