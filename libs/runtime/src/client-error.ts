import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from './errors.js';
import { toProblem } from './problem.filter.js';

/** Codes of Node's HTTP parser and its time-outs, for requests that never became one. */
const codes: Partial<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'body_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

export function clientErrorCode(error: NodeJS.ErrnoException): ErrorCode {
  return codes[error.code ?? ''] ?? 'request_invalid';
}

/** The whole answer, headers included: at this point there is only a socket. */
function clientErrorAnswer(error: NodeJS.ErrnoException): string {
  const problem = toProblem(clientErrorCode(error));
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** A connection that the other side has closed already gets no answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(clientErrorAnswer(error), () => socket.destroy());
}
