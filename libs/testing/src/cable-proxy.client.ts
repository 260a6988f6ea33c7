import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A cable to a server that a spec can cut, pull out, and mute. */
export interface CableProxy {
  /** The server's URL, by way of the cable. */
  url: string;
  /** Resets every connection, as the crash of a process would; new ones get through, whole. */
  cut(): void;
  /** Resets every connection and takes no new ones until `mend`. */
  pull(): void;
  /** From now on nothing that the client says (acknowledgements, publishes) arrives; what the server says still does. */
  mute(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Passes everything on to the server of this URL, unchanged, until it is told otherwise. */
export async function startCableProxy(url: string): Promise<CableProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let state: 'whole' | 'muted' | 'pulled' = 'whole';
  const resetAll = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  const server = createServer((near) => {
    if (state === 'pulled') return void near.resetAndDestroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [end, other] of pairs(near, far)) {
      sockets.add(end.setNoDelay());
      // A reset is what this is for; both ends notice by themselves.
      end.on('error', () => other.destroy());
      end.on('close', () => {
        sockets.delete(end);
        other.destroy();
      });
    }
    far.pipe(near);
    near.on('data', (chunk: Buffer) => {
      if (state === 'whole') far.write(chunk);
    });
  });
  const become = (next: typeof state): void => void (state = next);
  return {
    url: await addressOf(server, target),
    cut() {
      become('whole');
      resetAll();
    },
    pull() {
      become('pulled');
      resetAll();
    },
    mute: () => become('muted'),
    mend: () => become('whole'),
    async close() {
      const closed = once(server, 'close');
      server.close();
      resetAll();
      await closed;
    },
  };
}

function pairs(near: Socket, far: Socket): [Socket, Socket][] {
  return [
    [near, far],
    [far, near],
  ];
}

async function addressOf(server: Server, target: URL): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy got no port');
  const near = new URL(target);
  near.hostname = '127.0.0.1';
  near.port = String(address.port);
  return near.toString();
}
