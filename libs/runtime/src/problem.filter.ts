import { Catch, HttpException, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { errorTable, Refused, Retryable } from './errors.js';
import type { ErrorCode } from './errors.js';

/** RFC 9457, with `code` as the stable key and `cure` as what to do. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail?: string;
  cure: string;
  request_id?: string;
}

export function toProblem(code: ErrorCode, detail?: string, requestId?: string): Problem {
  const { status, title, cure } = errorTable[code];
  return {
    type: `urn:billhook:error:${code}`,
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    cure,
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

/** What Nest and Fastify throw by themselves, in our words. Anything else is a bug: 500, logged, nothing of it shown. */
const codeByStatus: Partial<Record<number, ErrorCode>> = {
  400: 'request_invalid',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'body_timeout',
  413: 'body_too_large',
  415: 'media_type_unsupported',
  431: 'headers_too_large',
};

export function problemFor(error: unknown, requestId?: string): Problem {
  if (error instanceof Refused) return { ...error.members, ...toProblem(error.code, error.detail, requestId) };
  if (error instanceof Retryable) return toProblem(error.code, undefined, requestId);
  const status = frameworkStatus(error);
  const code = status === undefined ? undefined : codeByStatus[status];
  return toProblem(code ?? 'internal_error', undefined, requestId);
}

/** Nest's HttpException, or a Fastify error, which carries `statusCode`. */
function frameworkStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return undefined;
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('http');

  /**
   * Nest would turn what a message handler throws into "Internal server error". The transport needs the error itself: it
   * decides whether the batch is retried, parked or waits for the database.
   */
  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() === 'rpc') return throwError(() => error);
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemFor(error, request.id);
    if (problem.status >= 500) this.log.error({ err: error, code: problem.code, requestId: request.id });
    if (error instanceof Retryable) void reply.header('retry-after', String(error.retryAfterSeconds));
    void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
    return undefined;
  }
}
