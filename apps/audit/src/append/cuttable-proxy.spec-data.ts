import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A wire to the broker that can be cut, so that nothing more gets through in either direction. */
export interface CuttableProxy {
  url: string;
  cut(): void;
  mend(): void;
  close(): void;
}

export async function openProxy(brokerUrl: string): Promise<CuttableProxy> {
  const target = new URL(brokerUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect({ host: target.hostname, port: Number(target.port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(brokerUrl);
  url.host = `127.0.0.1:${address.port}`;
  const dropAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.toString(),
    cut() {
      isCut = true;
      dropAll();
    },
    mend() {
      isCut = false;
    },
    close() {
      server.close();
      dropAll();
    },
  };
}
