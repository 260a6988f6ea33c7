import type { IncomingMessage, Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as afterPolling, setTimeout as delay } from 'node:timers/promises';
import { answerClientError } from './client-error.js';

/** For the requests of connections that were accepted last: they are on their way. */
const lastRequestsMs = 250;
const lookAgainAfterMs = 10;
/** Of the ten seconds that a process has to exit in: what has not arrived whole by then is turned away. */
const halfRequestsMs = 1_500;

/** The connections of a server, for its end. */
export class Connections {
  private readonly open = new Set<Socket>();
  private readonly requests = new Map<Socket, IncomingMessage>();
  /** How much of what a connection has sent was answered. */
  private readonly answeredBytes = new WeakMap<Socket, number>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
    server.on('request', (request, response) => {
      this.requests.set(request.socket, request);
      response.once('close', () => {
        this.requests.delete(request.socket);
        this.answeredBytes.set(request.socket, request.socket.bytesRead);
      });
    });
  }

  /**
   * Goes on answering for the grace, so that whoever still sends requests here learns that this process is no longer ready; then
   * accepts no more connections, and gives those that were just accepted the time to send their requests. Whoever has sent half
   * a request then has a little longer, while the server closes.
   */
  async drain(graceMs: number): Promise<void> {
    await delay(graceMs);
    // The system resets connections that nobody has accepted yet: just after polling there are none.
    await afterPolling();
    // `server.close()` of HTTP would also end the kept-alive connections, under the requests that are on their way to us.
    if (this.server.listening) TcpServer.prototype.close.call(this.server);
    const until = performance.now() + lastRequestsMs;
    while (this.open.size > 0 && performance.now() < until) await delay(lookAgainAfterMs);
    // Node does not count them as idle, and would wait for them without end.
    for (const socket of this.open) if (socket.bytesRead === 0) socket.destroy();
    setTimeout(() => this.turnAwayHalfRequests(), halfRequestsMs).unref();
  }

  /** They would hold the server open until their own time is up. What has arrived whole is being answered, and is waited for. */
  private turnAwayHalfRequests(): void {
    const overdue = Object.assign(new Error('the process ends'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    for (const socket of this.open) if (this.hasHalfARequest(socket)) answerClientError(overdue, socket);
  }

  private hasHalfARequest(socket: Socket): boolean {
    const request = this.requests.get(socket);
    return request === undefined ? socket.bytesRead > (this.answeredBytes.get(socket) ?? 0) : !request.complete;
  }
}
