import { ProblemFilter, Retryable } from '@billhook/runtime';
import { Catch } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { isDatabaseUnavailable } from './connection-failures.js';

/** A database that is away, in the words that HTTP and the queue understand; any other error as it is. */
export function withDatabaseFailureNamed(error: unknown): unknown {
  return isDatabaseUnavailable(error) ? new Retryable('database_unavailable', error) : error;
}

/** A database that is away is 503 with Retry-After, not a bug of ours. */
@Catch()
export class DatabaseFailureFilter extends ProblemFilter {
  override catch(error: unknown, host: ArgumentsHost): ReturnType<ProblemFilter['catch']> {
    return super.catch(host.getType() === 'http' ? withDatabaseFailureNamed(error) : error, host);
  }
}
