/** lock_not_available: somebody else held a lock for longer than this transaction was willing to wait. */
const lockTimeoutState = '55P03';

export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === lockTimeoutState;
}
