import type { Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as afterPolling, setTimeout as delay } from 'node:timers/promises';

/** For the requests of connections that were accepted last: they are on their way. */
const lastRequestsMs = 250;
const lookAgainAfterMs = 10;

/** The connections of a server, for its end. */
export class Connections {
  private readonly open = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
  }

  /**
   * Goes on answering for the grace, so that whoever still sends requests here learns that this process is no longer ready; then
   * accepts no more connections, and gives those that were just accepted the time to send their requests.
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
  }
}
