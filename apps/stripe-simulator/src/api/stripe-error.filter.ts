import { Catch, HttpException, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '../world/ids.js';
import { StripeFault, unknownPath } from './stripe-error.js';

/** Whatever goes wrong leaves in Stripe's error shape: unknown paths, bodies that cannot be read, our own bugs. */
@Catch()
export class StripeErrorFilter implements ExceptionFilter {
  private readonly log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const fault = this.toFault(error, request);
    void http.getResponse<FastifyReply>().code(fault.status).header('request-id', newId('req_')).send(fault.body);
  }

  private toFault(error: unknown, request: FastifyRequest): StripeFault {
    if (error instanceof StripeFault) return error;
    if (error instanceof HttpException && error.getStatus() === 404) {
      return unknownPath(request.method, request.url.split('?')[0] ?? '');
    }
    const status = statusOf(error);
    if (status < 500 && error instanceof Error) return new StripeFault({ status, message: error.message });
    this.log.error(error instanceof Error ? error.stack : error);
    return new StripeFault({ status: 500, type: 'api_error', message: 'The simulator failed; its log says why.' });
  }
}

/** Nest's exceptions and Fastify's errors (413, 415 …) both know their status. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}
