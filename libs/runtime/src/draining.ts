import type { Server, ServerResponse } from 'node:http';
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
  /** To the newest request of each connection. */
  private readonly responses = new WeakMap<Socket, ServerResponse>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
    server.on('request', ({ socket }, response) => this.responses.set(socket, response));
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

  /** Idle ones were closed with the server: one that is open though its newest request was answered has begun another. */
  private hasHalfARequest(socket: Socket): boolean {
    const response = this.responses.get(socket);
    return response === undefined ? socket.bytesRead > 0 : !response.req.complete || response.writableFinished;
  }
}
