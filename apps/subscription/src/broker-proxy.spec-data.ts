import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A line to the broker that a spec can make deaf in one direction, and cut. */
export interface BrokerProxy {
  url: string;
  /** From now on nothing that the service says (acks, publishes) reaches the broker; what the broker says still arrives. */
  holdAcks(): void;
  /** Closes every connection, as a crash of the process would, and lets new ones through. */
  cut(): void;
  close(): Promise<void>;
}

export async function startBrokerProxy(brokerUrl: string): Promise<BrokerProxy> {
  const { hostname, port } = new URL(brokerUrl);
  const lines = new Set<[Socket, Socket]>();
  let isHolding = false;
  const server = createServer((client) => {
    const broker = connect(Number(port || 5672), hostname);
    const line: [Socket, Socket] = [client, broker];
    lines.add(line);
    broker.pipe(client);
    client.on('data', (chunk: Buffer) => {
      if (!isHolding) broker.write(chunk);
    });
    for (const socket of line) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        lines.delete(line);
        line.forEach((end) => end.destroy());
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(brokerUrl);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  const cut = () => {
    isHolding = false;
    for (const line of lines) line.forEach((end) => end.destroy());
  };
  return {
    url: url.toString(),
    holdAcks: () => (isHolding = true),
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
