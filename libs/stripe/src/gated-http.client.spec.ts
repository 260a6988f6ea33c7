import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { fromStripeError } from './stripe-errors.js';
import { RequestGate } from './request-gate.client.js';
import { createStripeClient } from './stripe.client.js';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** What each request, from 0, is answered, and when it came. */
async function answering(answer: (nth: number, response: ServerResponse, path: string) => void) {
  const asked: { at: number; path: string }[] = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ at: performance.now(), path });
    response.setHeader('content-type', 'application/json');
    answer(asked.length - 1, response, path);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { apiBase: `http://127.0.0.1:${address.port}`, asked };
}

function clients(apiBase: string, gate: RequestGate) {
  const of = (priority: 'interactive' | 'bulk') =>
    createStripeClient({ secretKey: 'sk_test_made_up', apiBase, nodeEnv: 'test', budget: { gate, priority } });
  return { interactive: of('interactive'), bulk: of('bulk') };
}

const customer = (response: ServerResponse): void =>
  void response.end(JSON.stringify({ id: 'cus_1', object: 'customer' }));

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  const error = { type: 'api_error', message: 'not now' };
  response.writeHead(status, headers).end(JSON.stringify({ error }));
}

describe('a client with a budget', () => {
  it('begins no more requests in a second than it may, however many are asked for at once', async () => {
    const { apiBase, asked } = await answering((_nth, response) => customer(response));
    const { bulk } = clients(apiBase, new RequestGate(50));
    const begin = performance.now();
    await Promise.all(Array.from({ length: 26 }, () => bulk.customers.retrieve('cus_1')));
    // From before the first one began, and not from when it came: it had a connection to open.
    expect((asked.at(-1)?.at ?? 0) - begin).toBeGreaterThanOrEqual(25 * 20 - 20);
  });

  it('lets an interactive question pass the bulk ones that wait', async () => {
    const { apiBase, asked } = await answering((_nth, response) => customer(response));
    const { bulk, interactive } = clients(apiBase, new RequestGate(20));
    const waiting = ['a', 'b', 'c', 'd'].map((id) => bulk.customers.retrieve(`cus_${id}`));
    await Promise.all([...waiting, interactive.customers.retrieve('cus_now')]);
    expect(asked.findIndex(({ path }) => path.endsWith('cus_now'))).toBeLessThanOrEqual(1);
  });

  it('F54: leaves Stripe alone for as long as a 429 says, all of them together, and then succeeds', async () => {
    const { apiBase, asked } = await answering((nth, response) =>
      nth === 0 ? refuse(response, 429, { 'retry-after': '1' }) : customer(response),
    );
    const { bulk, interactive } = clients(apiBase, new RequestGate(1_000));
    await bulk.customers.retrieve('cus_1').then(() => interactive.customers.retrieve('cus_2'));
    const [refused, next] = asked;
    expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
    expect(asked).toHaveLength(3);
  });

  it('F54: gives up with what Stripe said where that asks for more patience than a question has', async () => {
    const { apiBase, asked } = await answering((_nth, response) => refuse(response, 429, { 'retry-after': '30' }));
    const { interactive } = clients(apiBase, new RequestGate(1_000));
    const ask = () => interactive.customers.retrieve('cus_1').then(() => 'answered', fromStripeError);
    expect(await ask()).toMatchObject({ name: 'Retryable', code: 'stripe_unavailable', retryAfterSeconds: 30 });
    expect(await ask()).toMatchObject({ name: 'Retryable', code: 'stripe_unavailable' });
    expect(asked).toHaveLength(1);
  });

  it('has what the SDK repeats by itself wait for its place too', async () => {
    const { apiBase, asked } = await answering((nth, response) =>
      nth === 0 ? refuse(response, 503) : customer(response),
    );
    const { bulk } = clients(apiBase, new RequestGate(1));
    const begin = performance.now();
    await bulk.customers.retrieve('cus_1');
    expect((asked[1]?.at ?? 0) - begin).toBeGreaterThanOrEqual(980);
  });
});
