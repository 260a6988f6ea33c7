import { hasSqlState } from '@billhook/database';

/**
 * This event, or its batch, was held up by something that others need not meet. It is put off without a try used up: a healthy
 * event on a server that is slow for a minute must not be parked.
 */
export function isHeldUp(error: unknown): boolean {
  return hasSqlState(error, 'lock_not_available') || isCanceled(error);
}

/** The most expensive way of being held up: the server has worked on it for seconds, perhaps. */
export function isCanceled(error: unknown): boolean {
  return hasSqlState(error, 'query_canceled');
}
