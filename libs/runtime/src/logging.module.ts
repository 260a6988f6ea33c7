import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Options } from 'pino-http';
import type { IncomingMessage } from 'node:http';
import { destination } from 'pino';
import type { DestinationStream } from 'pino';
import { loggedError } from './logged-error.js';

/**
 * Structured logs, one line per request. A request is logged by method and path: a query may hold session ids, a body or a
 * header may hold secrets and personal data.
 */
export function loggingModule(options: { name: string; level: string; logRequests: boolean }): DynamicModule {
  const pinoHttp: [Options, DestinationStream] = [settingsOf(options), gatheredOutput()];
  if (options.logRequests) return LoggerModule.forRoot({ pinoHttp });
  // Without a line per request nobody needs a logger per request, nor the middleware that makes it.
  return LoggerModule.forRoot({ pinoHttp, forRoutes: [] });
}

/**
 * Lines are written when 8 KiB of them have come together or a fifth of a second has passed, and at the exit. When whoever
 * reads them stops reading, lines beyond 1 MiB are dropped: a log must not hold up a delivery.
 */
function gatheredOutput(): DestinationStream {
  return destination({ sync: false, minLength: 8_192, maxLength: 1_048_576, periodicFlush: 200 });
}

function settingsOf(options: { name: string; level: string; logRequests: boolean }): Options {
  return {
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
  };
}
