import type { RunningService } from '@billhook/runtime';
import { aStripeEvent, aSubscription, createTestBroker, signStripe, tapEvents, waitFor } from '@billhook/testing';
import type { EventTap, TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { deliver, newSecret, rawConnection, startIngress } from './running-ingress.spec-support.js';
import type { Answer } from './running-ingress.spec-support.js';

let broker: TestBroker;
let ingress: RunningService;
let tap: EventTap;

beforeAll(async () => {
  broker = await createTestBroker();
  ingress = await startIngress(broker.url);
});
afterAll(async () => {
  await ingress?.stop();
  await broker?.drop();
});
beforeEach(async () => {
  tap = await tapEvents(broker.url, 'stripe.#');
});
afterEach(() => tap.close());

const anEvent = (overrides: object = {}): string =>
  JSON.stringify({ ...aStripeEvent('customer.subscription.updated', aSubscription({ id: 'sub_1' })), ...overrides });
const arrived = (): unknown[] => tap.events.map(({ attributes }) => attributes['id']);
const post = (headers: string[], body = ''): string =>
  `${['POST /webhook/stripe HTTP/1.1', 'Host: x', ...headers].join('\r\n')}\r\n\r\n${body}`;

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const notEvents: [string, string | Buffer][] = [
  ['nothing', ''],
  ['JSON that ends early', '{"id":'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a string', '"evt_1"'],
  ['brackets 50,000 deep', deep],
  ['a byte-order mark', `\uFEFF${anEvent()}`],
  ['bytes that are not UTF-8', Buffer.from([...Buffer.from(anEvent()).subarray(0, -1), 0xff, 0x7d])],
  ['1e400 as its time', anEvent().replace(/"created":\d+/, '"created":1e400')],
  ['a huge whole number as its time', anEvent().replace(/"created":\d+/, `"created":${'9'.repeat(400)}`)],
  ['a __proto__ in place of its fields', '{"__proto__":{"object":"event","id":"evt_1"}}'],
  ['another id further on', anEvent().replace(/\}$/, ',"id":"sub_1"}')],
];

describe('S1: what is not signed', () => {
  it.each(notEvents)('F12: is refused for its signature, unread: %s', async (_, body) => {
    const other = signStripe('other', newSecret);
    expect(await deliver(ingress.url, body, { 'stripe-signature': other })).toMatchObject({
      status: 400,
      body: { code: 'signature_mismatch' },
    });
    expect(await deliver(ingress.url, body, { 'stripe-signature': '' })).toMatchObject({
      status: 400,
      body: { code: 'signature_missing' },
    });
  });

  it('S1: is any delivery of which one bit has changed, in the body or in the signature', async () => {
    const body = Buffer.from(anEvent());
    const header = signStripe(body, newSecret);
    const bit = fc.record({ at: fc.nat(body.length + header.length - 1), flip: fc.nat(6) });
    const refused = fc.asyncProperty(bit, async ({ at, flip }) => {
      const both = Buffer.concat([body, Buffer.from(header)]);
      both.writeUInt8(both.readUInt8(at) ^ (1 << flip), at);
      const changed = both.subarray(body.length);
      // A header cannot hold control characters: no client can send such a change.
      fc.pre(changed.every((byte) => byte > 0x20 && byte < 0x7f));
      const answer = await deliver(ingress.url, both.subarray(0, body.length), {
        'stripe-signature': changed.toString(),
      });
      expect(answer.status).toBe(400);
      expect(answer.body['code']).toMatch(/^signature_/);
    });
    await fc.assert(refused, { numRuns: 150, seed: 20_261_123 });
    expect(arrived()).toEqual([]);
  });

  it.each<[string, (body: string) => string[]]>([
    ['the header twice', (body) => [signStripe(body, newSecret), signStripe(body, newSecret)]],
    ['15 KB of v1', () => [`t=${Math.floor(Date.now() / 1000)}${`,v1=${'0'.repeat(64)}`.repeat(220)}`]],
    ['upper-case hex', (body) => [signStripe(body, newSecret).toUpperCase().replace('T=', 't=').replace('V1=', 'v1=')]],
    ['a space after the comma', (body) => [signStripe(body, newSecret).replace(',', ', ')]],
    ['v0 alone', (body) => [signStripe(body, newSecret).replace('v1=', 'v0=')]],
    ['t=abc', () => [`t=abc,v1=${'0'.repeat(64)}`]],
  ])('F14: is a delivery with %s', async (_, headersFor) => {
    const body = anEvent();
    const lines = headersFor(body).map((value) => `Stripe-Signature: ${value}`);
    const request = post([...lines, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'], body);
    const answer = await rawConnection(ingress.url, request).answer;
    expect(answer).toContain('HTTP/1.1 400');
    expect(answer).toContain('"signature_mismatch"');
  });

  it.each([
    ['F15: 301 s old', -301],
    ['F15: 301 s ahead', 302],
    ['F15: a year ahead', 31_536_000],
  ])('is told to be expired when it is %s', async (_, seconds) => {
    const body = anEvent();
    const at = new Date(Date.now() + seconds * 1000);
    const answer = await deliver(ingress.url, body, { 'stripe-signature': signStripe(body, newSecret, at) });
    expect(answer).toMatchObject({ status: 400, body: { code: 'signature_expired' } });
  });
});

describe('what is signed', () => {
  it.each(notEvents.filter(([, body]) => body.length > 0))(
    'F12: is refused as malformed, and not by a 5xx, when it is %s',
    async (_, body) => {
      expect(await deliver(ingress.url, body)).toMatchObject({ status: 400, body: { code: 'body_malformed' } });
      expect(arrived()).toEqual([]);
    },
  );

  it.each([
    ['F13: a NUL escape', '\\u0000'],
    ['F13: a lone surrogate', '\\ud800'],
    ['F12: a __proto__ among its data', '","__proto__":{"polluted":true},"x":"'],
  ])('travels byte for byte with %s in it', async (_, text) => {
    const body = anEvent({ id: 'evt_exact' }).replace('"object":"event"', `"object":"event","note":"${text}"`);
    expect(await deliver(ingress.url, body)).toMatchObject({ status: 200, body: { id: 'evt_exact' } });
    await waitFor('the event', () => arrived().includes('evt_exact'));
    expect(tap.events[0]?.body.toString()).toBe(body);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('F16: S2: is taken each time it is repeated within 300 s, under one id, for the consumers to know', async () => {
    const body = anEvent({ id: 'evt_replayed' });
    const headers = { 'stripe-signature': signStripe(body, newSecret) };
    const answers = await Promise.all(Array.from({ length: 100 }, () => deliver(ingress.url, body, headers)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await waitFor('every copy', () => arrived().length === 100);
    expect(new Set(arrived())).toEqual(new Set(['evt_replayed']));
  });

  it('F20: is taken when its type is unknown, so that a later version can read it', async () => {
    const body = anEvent({ id: 'evt_new', type: 'customer.subscription.teleported' });
    expect(await deliver(ingress.url, body)).toMatchObject({ status: 200 });
    const [event] = await waitFor('the event', () => tap.events.length === 1 && tap.events);
    expect(event?.routingKey).toBe('stripe.customer.subscription.teleported');
  });

  it('F20: is told apart as a thin event, with what a consumer needs to fetch and to deduplicate', async () => {
    const body = JSON.stringify({
      object: 'v2.core.event',
      id: 'evt_thin_1',
      type: 'v1.customer.subscription.active',
      created: '2026-11-23T10:00:00.000Z',
      livemode: false,
      context: null,
      related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
      snapshot_event: 'evt_snapshot_1',
    });
    expect(await deliver(ingress.url, body)).toMatchObject({ status: 200, body: { id: 'evt_thin_1' } });
    const [event] = await waitFor('the event', () => tap.events.length === 1 && tap.events);
    expect(event?.attributes).toMatchObject({
      id: 'evt_thin_1',
      subject: 'sub_1',
      objecttype: 'subscription',
      snapshotevent: 'evt_snapshot_1',
    });
    expect(event?.body.toString()).toBe(body);
  });

  it.each([
    ['F20: S2: another mode', { livemode: true }, 'livemode_mismatch'],
    ['F20: S2: another account', { account: 'acct_theirs' }, 'account_mismatch'],
  ])('is answered 200 and published nowhere when it is of %s', async (_, overrides, ignored) => {
    const body = anEvent({ id: 'evt_theirs', ...overrides });
    expect(await deliver(ingress.url, body)).toMatchObject({ status: 200, body: { ignored } });
    expect(await deliver(ingress.url, anEvent({ id: 'evt_ours' }))).toMatchObject({ status: 200 });
    await waitFor('ours', () => arrived().includes('evt_ours'));
    expect(arrived()).toEqual(['evt_ours']);
  });

  it.each(['2020-08-27', '2025-03-31.basil', '2027-01-01.unknown'])(
    'F21: may be of API version %s',
    async (version) => {
      expect(await deliver(ingress.url, anEvent({ api_version: version }))).toMatchObject({ status: 200 });
      const [event] = await waitFor('the event', () => tap.events.length === 1 && tap.events);
      expect(event?.attributes['apiversion']).toBe(version);
    },
  );

  it('does not hold up others by its size: what came after a costly body is answered before it', async () => {
    const order: string[] = [];
    const answered =
      (name: string) =>
      (answer: Answer): number => {
        order.push(name);
        return answer.status;
      };
    // The first large body starts the thread.
    await deliver(ingress.url, anEvent({ note: 'x'.repeat(100_000) }));
    const costly = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    const large = deliver(ingress.url, costly).then(answered('large'));
    const small = deliver(ingress.url, anEvent()).then(answered('small'));
    expect(await Promise.all([large, small])).toEqual([400, 200]);
    expect(order).toEqual(['small', 'large']);
  });

  it('is read alike whether it is small or large', async () => {
    const note = 'x'.repeat(100_000);
    expect(await deliver(ingress.url, anEvent({ id: 'evt_large', note }))).toMatchObject({ status: 200 });
    const [event] = await waitFor('the event', () => tap.events.length === 1 && tap.events);
    expect(event?.attributes).toMatchObject({ id: 'evt_large', subject: 'sub_1', livemode: false });
    for (const wrong of [
      { id: 'sub_1' },
      { data: [] },
      { data: { object: null } },
      { created: {} },
      { livemode: [] },
    ]) {
      const body = anEvent({ note, ...wrong });
      expect(await deliver(ingress.url, body)).toMatchObject({ status: 400, body: { code: 'body_malformed' } });
    }
    expect(await deliver(ingress.url, `{"note":"${note}"`)).toMatchObject({ body: { code: 'body_malformed' } });
  });
});

describe('what is too much', () => {
  const chunk = 'x'.repeat(64 * 1024);
  function drainedOrClosed(socket: Socket): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    for (const event of ['drain', 'close']) socket.once(event, resolve);
    return promise;
  }
  /** Writes for as long as the other side lets it, at most this many times. */
  async function pour(socket: Socket, times: number, write: () => string): Promise<void> {
    for (let i = 0; i < times && !socket.destroyed; i += 1) {
      if (!socket.write(write())) await drainedOrClosed(socket);
    }
  }

  it('F11: 50 MB are refused before they are read, and cost no memory', async () => {
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 4; i += 1) {
      const { socket, answer } = rawConnection(ingress.url, post([`Content-Length: ${800 * chunk.length}`]));
      await once(socket, 'connect');
      await pour(socket, 800, () => chunk);
      expect(await answer).toContain('"body_too_large"');
    }
    // This process is client and server at once: far less than one of the four bodies is left of both.
    expect(process.memoryUsage.rss() - before).toBeLessThan(40 * 1024 * 1024);
  });

  it('F11: an endless chunked body is cut off at the limit', async () => {
    const { socket, answer } = rawConnection(ingress.url, post(['Transfer-Encoding: chunked']));
    await once(socket, 'connect');
    await pour(socket, 800, () => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    expect(await answer).toContain('"body_too_large"');
    expect(socket.bytesWritten).toBeLessThan(10 * 1024 * 1024);
  });

  it('F11: a gzip bomb is refused by its encoding, uninflated', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    const answer = await deliver(ingress.url, bomb, { 'content-encoding': 'gzip' });
    expect(answer).toMatchObject({ status: 415, body: { code: 'content_encoding_unsupported' } });
  });

  it('F22: more than 16 KiB of headers are refused', async () => {
    const answer = await rawConnection(ingress.url, post([`X-Long: ${'x'.repeat(17_000)}`])).answer;
    expect(answer).toContain('HTTP/1.1 431');
  });

  it('F22: connections beyond the limit are closed as they come, and those that are open work on', async () => {
    const crowded = await startIngress(broker.url, { MAX_CONNECTIONS: 20 });
    expect(await deliver(crowded.url, anEvent())).toMatchObject({ status: 200 });
    const idle = Array.from({ length: 30 }, () => rawConnection(crowded.url, ''));
    let closed = 0;
    for (const { answer } of idle) void answer.then(() => (closed += 1));
    await waitFor('the surplus to be closed', () => closed >= 11);
    expect(await deliver(crowded.url, anEvent())).toMatchObject({ status: 200 });
    const metrics = await (await fetch(`${crowded.managementUrl}/metrics`)).text();
    expect(metrics).toMatch(/billhook_ingress_connections_dropped_total [1-9]/);
    for (const { socket } of idle) socket.destroy();
    await crowded.stop();
  });

  it('F22: headers and bodies that trickle are given up after ten seconds, and hold nobody up', async () => {
    const slow = [
      rawConnection(ingress.url, 'POST /webhook/stripe HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      rawConnection(ingress.url, post(['Content-Length: 100000'], '{')),
      rawConnection(ingress.url, ''),
    ];
    const trickle = setInterval(() => {
      for (const { socket } of slow.slice(0, 2)) if (!socket.destroyed) socket.write('x');
    }, 250);
    const begin = performance.now();
    expect(await deliver(ingress.url, anEvent())).toMatchObject({ status: 200 });
    const answers = await Promise.all(slow.map(({ answer }) => answer));
    clearInterval(trickle);
    expect(performance.now() - begin).toBeLessThan(20_000);
    for (const answer of answers) expect(answer).toContain('HTTP/1.1 408');
  });
});

describe('S34: what could be two requests', () => {
  const body = anEvent();
  it.each([
    ['Content-Length beside Transfer-Encoding', post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
    ['Content-Length twice', post(['Content-Length: 5', `Content-Length: ${body.length}`], body)],
    ['a Content-Length that is no number', post(['Content-Length: 5x'], body)],
    ['a Transfer-Encoding that is not chunked', post(['Transfer-Encoding: x, chunked, x'], body)],
    ['a space before the colon', post([`Content-Length : ${body.length}`], body)],
    ['a bare line feed in a header', post(['X: a\nContent-Length: 5'], body)],
  ])('is refused with 400 and the connection closed: %s', async (_, request) => {
    const answer = await rawConnection(ingress.url, request).answer;
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
