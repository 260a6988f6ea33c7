import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { RelayLease } from './relay-lease.store.js';

/** What is asked of PostgreSQL before there is a session, as bytes. */
async function startupOf(connect: (url: string) => Promise<unknown>): Promise<string> {
  const startup = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    socket.once('data', (bytes) => {
      startup.resolve(bytes.toString());
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port');
  await expect(connect(`postgres://spec:spec@127.0.0.1:${address.port}/spec`)).rejects.toThrow();
  server.close();
  return startup.promise;
}

it('has PostgreSQL look after its holder, so that a machine that vanished does not keep the lock for hours', async () => {
  const startup = await startupOf((url) => RelayLease.tryAcquire(url, 'gateway', () => undefined));
  for (const setting of ['idle', 'interval', 'count']) expect(startup).toMatch(`tcp_keepalives_${setting}=`);
});
