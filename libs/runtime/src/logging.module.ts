import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { IncomingMessage } from 'node:http';
import { loggedError } from './logged-error.js';

/**
 * Structured logs, one line per request. A request is logged by method and path: a query may hold session ids, a body or a
 * header may hold secrets and personal data.
 */
export function loggingModule(options: { name: string; level: string; logRequests: boolean }): DynamicModule {
  return LoggerModule.forRoot({
    pinoHttp: {
      name: options.name,
      level: options.level,
      autoLogging: options.logRequests,
      quietReqLogger: true,
      serializers: {
        err: loggedError,
        req: (request: { id: unknown; method: string; url: string }) => ({
          id: request.id,
          method: request.method,
          path: request.url.split('?')[0],
        }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
      customProps: () => ({ context: 'http' }),
      genReqId: (request: IncomingMessage) => request.id,
    },
  });
}
