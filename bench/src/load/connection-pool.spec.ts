import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { ConnectionPool } from './connection-pool.client.js';

let server: Server;
let pool: ConnectionPool;
let connections = 0;
const unanswered: ServerResponse[] = [];
const head = 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

beforeEach(async () => {
  server = createServer((_request, response) => void unanswered.push(response));
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  pool = new ConnectionPool(address.port, 2);
});

afterEach(async () => {
  pool.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

it('opens no more connections than it may, and sends what waits over those that become idle', async () => {
  const answers = Promise.all(Array.from({ length: 5 }, () => pool.send(head)));
  for (let answered = 0; answered < 5;) {
    if (unanswered.length === 0) await once(server, 'request');
    for (const response of unanswered.splice(0)) response.end(String((answered += 1)));
  }
  expect((await answers).map(({ body }) => body)).toEqual(['1', '2', '3', '4', '5']);
  expect(connections).toBe(2);
});
