import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A cable to a server that a spec can pull. */
export interface CableProxy {
  /** The server's URL, by way of the cable. */
  url: string;
  /** Resets every connection; new ones are taken at once. */
  cut(): void;
  close(): Promise<void>;
}

/** Passes everything on to the server of this URL, unchanged. */
export async function startCableProxy(url: string): Promise<CableProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay());
      socket.on('close', () => sockets.delete(socket));
      // A reset is what this is for; both ends notice by themselves.
      socket.on('error', () => socket.destroy());
    }
    near.pipe(far).pipe(near);
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy got no port');
  const near = new URL(url);
  near.hostname = '127.0.0.1';
  near.port = String(address.port);
  const cut = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  return {
    url: near.toString(),
    cut,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      cut();
      await closed.promise;
    },
  };
}
