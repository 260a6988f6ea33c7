import { answerClientError, clientErrorCode, problemFor, Refused } from '@billhook/runtime';
import type { ErrorCode } from '@billhook/runtime';
import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';

/** Told about each delivery that is turned away before the controller sees it. */
export type OnTurnedAway = (code: ErrorCode, remoteAddress: string, requestId?: string) => void;

const webhookPath = '/webhook/stripe';

/**
 * Takes every body as bytes, whatever it says it is: the signature covers bytes, and a parser in between could change them. A
 * compressed body is refused before it is read, since inflating is how a small request becomes a large one.
 */
export function acceptRawBodies(server: FastifyInstance, onTurnedAway: OnTurnedAway): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const encoding = request.headers['content-encoding'];
    const isPlain = encoding === undefined || encoding.trim().toLowerCase() === 'identity';
    done(isPlain ? undefined : new Refused('content_encoding_unsupported'));
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Fastify comes here for its own errors (a body that is too large) and for those of hooks, not for the controller's.
  server.addHook('onError', (request, _reply, error, done) => {
    const isAnswered = !request.raw.socket.destroyed;
    if (isAnswered && request.routeOptions.url === webhookPath) {
      onTurnedAway(problemFor(error).code, request.ip, request.id);
    }
    done();
  });
}

/** Requests that never arrive whole have no path, but who sends half a request to this port meant the only one it has. */
export function answerUnfinished(onTurnedAway: OnTurnedAway): (error: Error, socket: Socket) => void {
  return (error, socket) => {
    const code = clientErrorCode(error);
    if (code !== 'request_invalid') onTurnedAway(code, socket.remoteAddress ?? 'unknown');
    answerClientError(error, socket);
  };
}
