import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { PoolConnections } from './impatient.client.js';

it('F26: a connection that its server ends while it passes from the pool to its owner does not end the process', () => {
  const { Client } = new PoolConnections();
  const connection = new Client({ host: '127.0.0.1' });
  const farewell = Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });
  expect(() => connection.emit('error', farewell)).not.toThrow();
});

it('a connection that ends because another one’s process crashed says so, and no other notice ends it', async () => {
  const client = new new PoolConnections().Client({ host: '127.0.0.1' });
  const { connection } = client;
  client.emit('notice', { code: '00000', message: 'by the way' });
  expect(connection.stream.destroyed).toBe(false);
  const ended = once(connection.stream, 'error');
  client.emit('notice', {
    code: '57P02',
    message: 'terminating connection because of crash of another server process',
  });
  expect(await ended).toMatchObject([{ code: '57P02' }]);
});
