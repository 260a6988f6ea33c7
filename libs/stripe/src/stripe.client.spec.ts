import { ConfigInvalid, Refused, Retryable } from '@billhook/runtime';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createStripeClient, stripeApiVersion, stripeSettingProblems } from './stripe.client.js';
import { fromStripeError } from './stripe-errors.js';

const testKey = 'sk_test_made_up';
const liveKey = ['sk', 'live', 'made_up'].join('_');
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A server that answers every request alike, and what it was asked. */
async function answering(
  status: number,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ apiBase: string; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  server = createServer((request, response) => {
    asked.push(request.headers);
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { apiBase: `http://127.0.0.1:${address.port}`, asked };
}

async function failureOf(status: number, error: object, headers: Record<string, string> = {}): Promise<unknown> {
  const { apiBase } = await answering(status, { error }, { 'stripe-should-retry': 'false', ...headers });
  const client = createStripeClient({ secretKey: testKey, apiBase, nodeEnv: 'test' });
  return client.customers.retrieve('cus_1').then(() => 'no failure', fromStripeError);
}

describe('createStripeClient', () => {
  it('asks the server it was given, in the pinned version, without telemetry', async () => {
    const { apiBase, asked } = await answering(200, { id: 'cus_1', object: 'customer' });
    const client = createStripeClient({ secretKey: testKey, apiBase, nodeEnv: 'test' });
    await client.customers.retrieve('cus_1');
    await client.customers.retrieve('cus_1');
    expect(asked[1]?.['stripe-version']).toBe(stripeApiVersion);
    expect(asked[1]?.['x-stripe-client-telemetry']).toBeUndefined();
    expect(asked[1]?.['user-agent']).toContain('billhook');
  });

  it('goes to Stripe when no other server is named', () => {
    expect(stripeSettingProblems({ secretKey: liveKey, nodeEnv: 'production' })).toEqual([]);
    expect(() => createStripeClient({ secretKey: liveKey, nodeEnv: 'production' })).not.toThrow();
  });

  it.each([
    ['a live key', { secretKey: liveKey, apiBase: 'http://127.0.0.1:3004', nodeEnv: 'development' }],
    ['production', { secretKey: testKey, apiBase: 'http://127.0.0.1:3004', nodeEnv: 'production' }],
    ['a path', { secretKey: testKey, apiBase: 'http://127.0.0.1:3004/v1', nodeEnv: 'development' }],
    ['another protocol', { secretKey: testKey, apiBase: 'ftp://127.0.0.1', nodeEnv: 'development' }],
    ['no URL', { secretKey: testKey, apiBase: 'somewhere', nodeEnv: 'development' }],
  ])('refuses another server together with %s', (_name, options) => {
    expect(() => createStripeClient(options)).toThrow(ConfigInvalid);
  });

  it('never repeats a key in what it reports', () => {
    const problems = stripeSettingProblems({ secretKey: liveKey, apiBase: 'nowhere', nodeEnv: 'production' });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(liveKey);
  });
});

describe('fromStripeError', () => {
  it.each([
    [400, { type: 'invalid_request_error', code: 'parameter_unknown', message: 'Received unknown parameter: x' }],
    [404, { type: 'invalid_request_error', code: 'resource_missing', message: 'No such customer' }],
    [402, { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' }],
    [400, { type: 'idempotency_error', message: 'Keys for idempotent requests can only be used once.' }],
  ])('%i is refused, with what Stripe says about the request', async (status, error) => {
    const failure = await failureOf(status, error);
    expect(failure).toBeInstanceOf(Refused);
    expect(failure).toMatchObject({ code: 'stripe_refused', detail: expect.stringContaining(error.message) });
  });

  it.each([401, 403])('%i is refused without showing anything of the key', async (status) => {
    const failure = await failureOf(status, {
      type: 'invalid_request_error',
      message: 'Invalid API Key: sk_test_***up',
    });
    expect(failure).toMatchObject({ code: 'stripe_refused', detail: expect.not.stringContaining('sk_test') });
  });

  it.each([409, 429, 500, 503])('%i may work later', async (status) => {
    const failure = await failureOf(status, { type: 'api_error', message: 'later' }, { 'retry-after': '7' });
    expect(failure).toBeInstanceOf(Retryable);
    expect(failure).toMatchObject({ code: 'stripe_unavailable', retryAfterSeconds: 7 });
  });

  it('a server that is not there may be there later', async () => {
    const { apiBase } = await answering(200, {});
    server?.close();
    const client = createStripeClient({ secretKey: testKey, apiBase, nodeEnv: 'test' });
    const failure = await client.customers.retrieve('cus_1').then(() => 'no failure', fromStripeError);
    expect(failure).toMatchObject({ name: 'Retryable', code: 'stripe_unavailable' });
  });

  it('a server that does not answer in time is a time-out', async () => {
    server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const apiBase = `http://127.0.0.1:${address.port}`;
    const client = createStripeClient({ secretKey: testKey, apiBase, nodeEnv: 'test' });
    const asking = client.customers.retrieve('cus_1', undefined, { timeout: 50, maxNetworkRetries: 0 });
    expect(await asking.then(() => 'no failure', fromStripeError)).toMatchObject({ code: 'stripe_timeout' });
  });

  it('leaves what is not Stripe’s as it is', () => {
    const bug = new TypeError('a bug');
    expect(fromStripeError(bug)).toBe(bug);
  });
});
