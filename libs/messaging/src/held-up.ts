/** lock_not_available: somebody else held a lock for longer than this transaction was willing to wait. */
const lockTimeout = '55P03';
/** query_canceled: a statement took longer than its connection allows, or somebody cancelled it. */
const canceled = '57014';

/**
 * This event, or its batch, was held up by something that others need not meet. It is put off without a try used up: a healthy
 * event on a server that is slow for a minute must not be parked.
 */
export function isHeldUp(error: unknown): boolean {
  return hasState(error, lockTimeout) || isCanceled(error);
}

/** The most expensive way of being held up: the server has worked on it for seconds, perhaps. */
export function isCanceled(error: unknown): boolean {
  return hasState(error, canceled);
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof Error && 'code' in error && error.code === state;
}
