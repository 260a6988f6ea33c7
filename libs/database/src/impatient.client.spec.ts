import { expect, it } from '@jest/globals';
import { PoolConnections } from './impatient.client.js';

it('F26: a connection that its server ends while it passes from the pool to its owner does not end the process', () => {
  const { Client } = new PoolConnections();
  const connection = new Client({ host: '127.0.0.1' });
  const farewell = Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });
  expect(() => connection.emit('error', farewell)).not.toThrow();
});
