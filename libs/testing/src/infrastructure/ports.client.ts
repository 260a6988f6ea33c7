import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the kernel's ephemeral range (32768 and up), so that no outgoing connection can take a port between our look and
// its use; picked at random, so that two runs at once rarely look at the same one.
const lowest = 20_000;
const highest = 32_000;

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A TCP port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isPortFree(port)) return port;
  }
}

/** The first of a pair of free ports that lie `distance` apart. */
export async function freePortPair(distance: number): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if ((await isPortFree(port)) && (await isPortFree(port + distance))) return port;
  }
}
