import { waitFor } from './wait-for.js';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { startCableProxy } from './cable-proxy.client.js';
import type { CableProxy } from './cable-proxy.client.js';

let server: Server;
let cable: CableProxy;
/** What the server has heard, and its sockets. */
let heard: string;
let served: Socket[];

beforeEach(async () => {
  heard = '';
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      socket.write(`echo ${chunk.toString()}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  cable = await startCableProxy(`tcp://127.0.0.1:${address.port}`);
});
afterEach(async () => {
  await cable.close();
  server.close();
});

interface Client {
  socket: Socket;
  said: () => string;
  isClosed: () => boolean;
}

function client(): Client {
  const { hostname, port } = new URL(cable.url);
  const socket = connect(Number(port), hostname);
  let said = '';
  let isClosed = false;
  socket.on('data', (chunk) => (said += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  return { socket, said: () => said, isClosed: () => isClosed };
}

const answered = (one: Client, text: string) =>
  waitFor(`the answer ${text}`, () => one.said().includes(`echo ${text}`));

it('passes everything on, both ways', async () => {
  const one = client();
  one.socket.write('hello');
  await answered(one, 'hello');
});

it('holds everything back while frozen, closings too, and lets it arrive in order afterwards', async () => {
  const one = client();
  one.socket.write('a');
  await answered(one, 'a');
  cable.freeze();
  one.socket.write('b');
  const late = client();
  late.socket.write('c');
  one.socket.end();
  // The other cable's round trip takes longer than this one's would have.
  const direct = await startCableProxy(cable.url.replace(/\d+$/, String(portOf(server))));
  const other = connect(Number(new URL(direct.url).port), '127.0.0.1').on('error', () => undefined);
  other.write('z');
  await waitFor('the other cable', () => heard.includes('z'));
  expect([heard, late.said(), served.length]).toEqual(['az', '', 2]);
  await direct.close();
  cable.mend();
  await answered(late, 'c');
  await waitFor('what was held back', () => heard.includes('b'));
});

it('leaves a client in the dark when the far side has gone, and takes new connections', async () => {
  const one = client();
  one.socket.write('a');
  await answered(one, 'a');
  cable.halfOpen();
  await waitFor('the server to have lost it', () => served[0]?.destroyed === true);
  one.socket.write('b');
  const two = client();
  two.socket.write('c');
  await answered(two, 'c');
  expect([one.isClosed(), one.said()]).toEqual([false, 'echo a']);
});

it('is slow when told to be', async () => {
  cable.slow({ latencyMs: 60 });
  const one = client();
  const startedAt = performance.now();
  one.socket.write('a');
  await answered(one, 'a');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(110);
});

it('resets everything when cut or pulled, and takes nobody while pulled', async () => {
  const one = client();
  one.socket.write('a');
  await answered(one, 'a');
  cable.cut();
  await waitFor('the cut', one.isClosed);
  cable.pull();
  const two = client();
  await waitFor('the refusal', two.isClosed);
  cable.mend();
  const three = client();
  three.socket.write('b');
  await answered(three, 'b');
});

it('loses what the client says while muted, not what the server says', async () => {
  const one = client();
  one.socket.write('a');
  await answered(one, 'a');
  cable.mute();
  one.socket.write('b');
  served[0]?.write('by itself');
  await waitFor('the server', () => one.said().includes('by itself'));
  expect(heard).toBe('a');
});

function portOf(listening: Server): number {
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
