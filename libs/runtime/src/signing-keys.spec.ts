import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { createServer } from 'node:http';
import { Retryable } from './errors.js';
import { keySetAt, RotatingKeys } from './signing-keys.client.js';

const minute = 60_000;
const generated: Record<string, JWK> = {};
let published: string[] | Error;
let questions: number;
let now: number;
let keys: RotatingKeys;

beforeAll(async () => {
  for (const kid of ['first', 'second']) {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    generated[kid] = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  }
});

beforeEach(() => {
  published = ['first'];
  questions = 0;
  now = 0;
  keys = new RotatingKeys(
    () => {
      questions += 1;
      if (published instanceof Error) return Promise.reject(published);
      return Promise.resolve(JSON.stringify({ keys: published.map((kid) => generated[kid]) }));
    },
    () => now,
  );
});

const keyOf = (kid: string): Promise<CryptoKey> => keys.keyFor({ alg: 'ES256', kid });
const notKnown = { code: 'ERR_JWKS_NO_MATCHING_KEY' };

describe('a key set that rotates', () => {
  it('is read once, whoever comes at the same time', async () => {
    await Promise.all([keyOf('first'), keyOf('first'), keyOf('first')]);
    expect(questions).toBe(1);
  });

  it('is read again for a key it did not have', async () => {
    await keyOf('first');
    published = ['first', 'second'];
    now += minute;
    await keyOf('second');
    expect(questions).toBe(2);
  });

  it('is not read again for every made-up key', async () => {
    await keyOf('first');
    now += minute;
    for (let times = 0; times < 20; times += 1) await expect(keyOf('made-up')).rejects.toMatchObject(notKnown);
    expect(questions).toBe(2);
    now += minute;
    await expect(keyOf('made-up')).rejects.toMatchObject(notKnown);
    expect(questions).toBe(3);
  });

  it('goes on counting while its server is down, for as long as that lasts', async () => {
    await keyOf('first');
    published = new Error('connection refused');
    now += 24 * 60 * minute;
    await keyOf('first');
    expect(keys.generation()).toBe(1);
  });

  it('answers for a key that may be the newest with a failure, not with a refusal, while its server is down', async () => {
    await keyOf('first');
    published = new Error('connection refused');
    now += minute;
    await expect(keyOf('second')).rejects.toBeInstanceOf(Retryable);
  });

  it('is asked for at each token until it was there once', async () => {
    published = new Error('connection refused');
    await expect(keyOf('first')).rejects.toBeInstanceOf(Retryable);
    published = ['first'];
    await keyOf('first');
  });

  it('does not believe a key that has been withdrawn', async () => {
    await keyOf('first');
    published = ['second'];
    now += 30 * minute;
    await expect(keyOf('first')).rejects.toMatchObject(notKnown);
  });

  it('tells who remembers tokens that a key may have gone, though they ask for none', async () => {
    await keyOf('first');
    const before = keys.generation();
    published = ['second'];
    now += 11 * minute;
    keys.generation();
    while (keys.generation() === before) await new Promise(setImmediate);
    await expect(keyOf('first')).rejects.toMatchObject(notKnown);
  });

  it('says nothing of the kind when it was read again unchanged', async () => {
    await keyOf('first');
    now += 30 * minute;
    await keyOf('first');
    expect([questions, keys.generation()]).toEqual([2, 1]);
  });
});

describe('reading a key set', () => {
  async function served(status: number, headers: Record<string, string>, body: string): Promise<unknown> {
    const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    try {
      return await keySetAt(`http://127.0.0.1:${address.port}/keys`)();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('takes a plain answer', async () => {
    expect(await served(200, {}, '{"keys":[]}')).toBe('{"keys":[]}');
  });

  it('follows no redirect: the address is the operator’s', async () => {
    await expect(served(302, { location: 'http://127.0.0.1:1/' }, '')).rejects.toThrow();
  });

  it('does not take an error for a key set, nor a book', async () => {
    await expect(served(503, {}, '{"keys":[]}')).rejects.toThrow('503');
    await expect(served(200, {}, 'x'.repeat(1024 * 1024 + 1))).rejects.toThrow('1 MiB');
  });
});
