import { isDatabaseUnavailable } from '@billhook/database';
import { Retryable } from '@billhook/runtime';

/** Our surroundings failed, not the event: trying again later is free. */
export function isSurroundingsFailure(error: unknown): boolean {
  return error instanceof Retryable || isDatabaseUnavailable(error);
}
