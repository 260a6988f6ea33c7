import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { secretKey, startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('chaos on the API', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());

  const chaos = async (api: object[], seed = 1) =>
    expect(await simulator.post('/_simulator/chaos', { seed, api })).toMatchObject({ status: 200 });
  const done = async (expected: object) =>
    expect(await simulator.get('/_simulator/chaos')).toMatchObject({ done: expected });
  const create = (key?: string, signal?: AbortSignal) =>
    fetch(`${simulator.url}/v1/customers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secretKey}`, ...(key !== undefined && { 'idempotency-key': key }) },
      body: new URLSearchParams({ name: 'Ada' }),
      signal: signal ?? null,
    });
  const customers = async () => (await simulator.stripe.customers.list()).data.length;
  const list = () => fetch(`${simulator.url}/v1/prices`, { headers: { authorization: `Bearer ${secretKey}` } });

  it('answers the next so many requests with 429 and Retry-After, having done nothing', async () => {
    await chaos([{ fault: 429, retry_after: 7, method: 'POST', count: 2 }]);
    const answers = [await create(), await create(), await create()];
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, '7'],
      [429, '7'],
      [200, null],
    ]);
    expect(await answers[0]?.json()).toMatchObject({ error: { code: 'rate_limit' } });
    expect(await customers()).toBe(1);
    await done({ api_429: 2 });
  });

  it.each([429, 500, 503])(
    'answers %i without a hint when it is to come back, in the shape the SDK knows',
    async (fault) => {
      await chaos([{ fault, count: 1 }]);
      const answer = await create();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([fault, null]);
      expect(answer.headers.get('request-id')).toMatch(/^req_/);
      await chaos([{ fault }]);
      await expect(simulator.stripe.prices.list()).rejects.toMatchObject({ statusCode: fault });
    },
  );

  it('answers 429 with Retry-After to what goes over the rate limit', async () => {
    await simulator.post('/_simulator/chaos', { rate_limit_per_second: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, list));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.map(({ status }) => status)).toContain(200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(await refused[0]?.json()).toMatchObject({ error: { code: 'rate_limit' } });
    await done({ rate_limited: refused.length, api_429: 0 });
  });

  it('keeps a 500 under its idempotency key if told so: every retry gets it again', async () => {
    await chaos([{ fault: 500, kept: true, count: 1 }]);
    const first = await create('same');
    expect([first.status, first.headers.get('stripe-should-retry')]).toEqual([500, 'false']);
    const second = await create('same');
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([500, 'true']);
    expect(await customers()).toBe(0);
    expect((await create('another')).status).toBe(200);
  });

  it('hangs until chaos ends, having done nothing', async () => {
    await chaos([{ fault: 'hang', method: 'POST' }]);
    const hanging = create().then(
      () => 'answered',
      () => 'broken off',
    );
    while ((await customers()) === 0 && !(await isCounted('api_hang'))) await simulator.stripe.prices.list();
    await fetch(`${simulator.url}/_simulator/chaos`, { method: 'DELETE' });
    expect(await hanging).toBe('broken off');
    expect(await customers()).toBe(0);
  });

  const isCounted = async (deed: string) =>
    JSON.stringify(await simulator.get('/_simulator/chaos')).includes(`"${deed}":1`);

  it('answers late what it has done at once', async () => {
    await chaos([{ fault: 'hang', ms: 60_000, method: 'POST', count: 1 }]);
    const givingUp = new AbortController();
    const waiting = create('patient', givingUp.signal);
    while ((await customers()) === 0) await simulator.stripe.prices.list();
    givingUp.abort();
    await expect(waiting).rejects.toThrow();
    expect((await create('patient')).headers.get('idempotent-replayed')).toBe('true');
    expect(await customers()).toBe(1);
    await chaos([{ fault: 'hang', ms: 50 }]);
    const before = Date.now();
    expect((await create()).status).toBe(200);
    expect(Date.now() - before).toBeGreaterThanOrEqual(49);
  });

  it('resets the connection before anything is done', async () => {
    await chaos([{ fault: 'reset', method: 'POST' }]);
    await expect(create()).rejects.toThrow();
    expect(await customers()).toBe(0);
    await done({ api_reset: 1 });
  });

  it('commits and resets: the effect is there, and a retry with the same key gets the answer that was lost', async () => {
    await chaos([{ fault: 'commit_then_reset', method: 'POST', count: 1 }]);
    await expect(create('once')).rejects.toThrow();
    expect(await customers()).toBe(1);
    const again = await create('once');
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    const { data } = await simulator.stripe.customers.list();
    expect(data).toHaveLength(1);
    expect(await again.json()).toMatchObject({ id: data[0]?.id });
    await done({ api_commit_then_reset: 1 });
  });

  it('is outlived by the official SDK’s own retries, with one effect', async () => {
    await chaos([
      { fault: 'commit_then_reset', method: 'POST', count: 1 },
      { fault: 503, method: 'POST', count: 1 },
    ]);
    const port = Number(new URL(simulator.url).port);
    const patient = new Stripe(secretKey, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 3 });
    const { id } = await patient.customers.create({});
    expect((await simulator.stripe.customers.list()).data.map((row) => row.id)).toEqual([id]);
    await done({ api_commit_then_reset: 1, api_503: 1 });
  });

  it('strikes only the methods and paths given, the first rule that hits first', async () => {
    await chaos([
      { fault: 503, path: '/v1/prices' },
      { fault: 429, method: 'GET' },
    ]);
    expect((await list()).status).toBe(503);
    expect((await create()).status).toBe(200);
    await expect(simulator.stripe.products.list()).rejects.toMatchObject({ statusCode: 429 });
    expect((await fetch(simulator.url)).status).toBe(200);
  });

  it('strikes the same requests for the same seed, and others for another', async () => {
    const statuses = async (seed: number) => {
      await chaos([{ fault: 503, probability: 0.4 }], seed);
      const answers: number[] = [];
      for (let nth = 0; nth < 30; nth += 1) answers.push((await list()).status);
      return answers;
    };
    const first = await statuses(11);
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await statuses(11)).toEqual(first);
    expect(await statuses(12)).not.toEqual(first);
  });
});
