import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { settle, startSimulator, subscribe } from '../start-simulator.spec-support.js';

/** Answers at once and keeps nothing but the ids. */
async function startFastEndpoint() {
  const ids = new Set<string>();
  const server = createServer((request, response) => {
    let start = '';
    request.on('data', (chunk: Buffer) => (start ||= chunk.toString('utf8')));
    request.on('end', () => {
      ids.add(/"id": "(evt_\w+)"/.exec(start)?.[1] ?? '');
      response.writeHead(200).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return { ids, url: `http://127.0.0.1:${address.port}/webhook/stripe`, stop: () => server.close() };
}

it('delivers thousands of events that wait at once, and remembers only the latest 10,000', async () => {
  const endpoint = await startFastEndpoint();
  const simulator = await startSimulator(undefined, { WEBHOOK_URL: endpoint.url });
  const pending = async () => {
    const { body } = await simulator.post('/_simulator/advance', { seconds: 0, wait_for_deliveries: true });
    return JSON.stringify(body).includes('"pending_deliveries":0') ? 0 : 1;
  };
  try {
    for (let nth = 0; nth < 40; nth += 1) await subscribe(simulator);
    await settle(simulator);
    const sofar = endpoint.ids.size;
    // 48 renewals of 40 subscriptions, six events each.
    await simulator.post('/_simulator/advance', { seconds: 4 * 366 * 86_400 });
    while ((await pending()) > 0) expect(endpoint.ids.size).toBeGreaterThan(sofar);
    expect(endpoint.ids.size - sofar).toBe(40 * 48 * 6);
    expect(await simulator.get('/_simulator/deliveries')).toMatchObject({ by_state: { delivered: 10_000 } });
  } finally {
    await simulator.stop();
    endpoint.stop();
  }
}, 180_000);
