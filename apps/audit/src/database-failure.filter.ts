import { isDatabaseUnavailable } from '@billhook/database';
import { ProblemFilter, Retryable } from '@billhook/runtime';
import { Catch } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';

/** A database that is away is 503 with Retry-After, not a bug of ours. */
@Catch()
export class DatabaseFailureFilter extends ProblemFilter {
  override catch(error: unknown, host: ArgumentsHost): ReturnType<ProblemFilter['catch']> {
    const isOurs = host.getType() === 'http' && isDatabaseUnavailable(error);
    return super.catch(isOurs ? new Retryable('database_unavailable', error) : error, host);
  }
}
