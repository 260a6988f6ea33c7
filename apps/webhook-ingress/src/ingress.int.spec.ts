import { declareTopology } from '@billhook/messaging';
import type { RunningService } from '@billhook/runtime';
import {
  aStripeEvent,
  aSubscription,
  createTestBroker,
  signStripe,
  startCableProxy,
  tapEvents,
  waitFor,
} from '@billhook/testing';
import type { CableProxy, EventTap, TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect as connectBroker } from 'amqplib';
import { gzipSync } from 'node:zlib';
import type { IngressConfig } from './config.js';
import { deliver as deliverTo, newSecret, oldSecret, rawConnection } from './running-ingress.spec-support.js';
import { startIngress as start } from './running-ingress.spec-support.js';
import type { Answer } from './running-ingress.spec-support.js';

let broker: TestBroker;
let cable: CableProxy;
let ingress: RunningService;
let tap: EventTap;

const startIngress = (settings: Partial<IngressConfig> = {}): Promise<RunningService> => start(cable.url, settings);

beforeAll(async () => {
  broker = await createTestBroker();
  cable = await startCableProxy(broker.url);
  ingress = await startIngress();
});

afterAll(async () => {
  await ingress?.stop();
  await cable?.close();
  await broker?.drop();
});

beforeEach(async () => {
  tap = await tapEvents(broker.url);
});

afterEach(() => tap.close());

const deliver = (body: Buffer | string, headers: Record<string, string> = {}, url = ingress.url): Promise<Answer> =>
  deliverTo(url, body, headers);

const anEvent = (overrides: Parameters<typeof aStripeEvent>[2] = {}) =>
  aStripeEvent('customer.subscription.updated', aSubscription({ id: 'sub_1' }), overrides);
const stripeEvents = () => tap.events.filter(({ routingKey }) => routingKey.startsWith('stripe.'));
const rejections = () => tap.events.filter(({ routingKey }) => routingKey === 'ingress.delivery.rejected');

async function rejectionOf(code: string): Promise<Record<string, unknown>> {
  return waitFor(`a rejection ${code}`, () =>
    rejections()
      .map(({ body }): Record<string, unknown> => JSON.parse(body.toString()))
      .find((data) => data['code'] === code),
  );
}

describe('a delivery that is Stripe’s', () => {
  it('F13: is answered 200 with its id, and travels byte for byte', async () => {
    // White space, a NUL escape, a lone surrogate and duplicate keys: nothing of it may be normalised on the way.
    const event = anEvent({ id: 'evt_exact' });
    const body = `  ${JSON.stringify(event).replace('"object":"event"', '"object":"x","object":"event","note":"\\u0000\\ud800"')}\n`;
    expect(await deliver(body)).toMatchObject({ status: 200, body: { received: true, id: 'evt_exact' } });
    const [published] = await waitFor('the event', () => stripeEvents().length === 1 && stripeEvents());
    expect(published?.body.equals(Buffer.from(body))).toBe(true);
    expect(published).toMatchObject({
      routingKey: 'stripe.customer.subscription.updated',
      attributes: { id: 'evt_exact', subject: 'sub_1', source: 'stripe', actor: 'stripe', livemode: false },
    });
  });

  it('is in every consumer’s queue before the answer is sent', async () => {
    const connection = await connectBroker(broker.url);
    const channel = await connection.createChannel();
    const before = await channel.checkQueue('subscription.events');
    await deliver(JSON.stringify(anEvent()));
    // A quorum queue counts what it has committed a moment later than it confirms.
    await waitFor('the message', async () => {
      const now = await channel.checkQueue('subscription.events');
      return now.messageCount === before.messageCount + 1;
    });
    await connection.close();
  });

  it('F18: may be signed with the old or the new secret during a rotation', async () => {
    const body = JSON.stringify(anEvent());
    for (const secret of [oldSecret, newSecret]) {
      expect(await deliver(body, { 'stripe-signature': signStripe(body, secret) })).toMatchObject({ status: 200 });
    }
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])('may say it is %s', async (type) => {
    expect(await deliver(JSON.stringify(anEvent()), { 'content-type': type })).toMatchObject({ status: 200 });
  });

  it('of another mode or account is answered 200, ignored and counted', async () => {
    const live = anEvent({ livemode: true });
    expect(await deliver(JSON.stringify(live))).toMatchObject({ status: 200, body: { ignored: 'livemode_mismatch' } });
    const theirs = anEvent({ account: 'acct_theirs' });
    expect(await deliver(JSON.stringify(theirs))).toMatchObject({ status: 200, body: { ignored: 'account_mismatch' } });
    await rejectionOf('livemode_mismatch');
    await rejectionOf('account_mismatch');
    expect(stripeEvents()).toEqual([]);
  });
});

describe('a delivery that is not (signature errors that do not say why)', () => {
  const body = JSON.stringify(anEvent());
  const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  it.each<[string, number, string | Buffer, Record<string, string>]>([
    ['signature_missing', 400, body, { 'stripe-signature': '' }],
    ['signature_mismatch', 400, body, { 'stripe-signature': signStripe(body, 'whsec_somebody_else') }],
    ['signature_mismatch', 400, `${body} `, { 'stripe-signature': signStripe(body, newSecret) }],
    ['signature_mismatch', 400, '', {}],
    ['signature_expired', 400, body, { 'stripe-signature': signStripe(body, newSecret, minutesAgo(6)) }],
    ['signature_expired', 400, body, { 'stripe-signature': signStripe(body, newSecret, minutesAgo(-6)) }],
    ['body_malformed', 400, 'null', {}],
    ['body_malformed', 400, '{"id":', {}],
    ['body_too_large', 413, 'x'.repeat(1024 * 1024 + 1), {}],
    ['content_encoding_unsupported', 415, gzipSync(body), { 'content-encoding': 'gzip' }],
  ])('is refused with %s (%i) and leaves no event', async (code, status, sent, headers) => {
    const signed: Record<string, string> = sent === '' ? { 'stripe-signature': signStripe('other', newSecret) } : {};
    expect(await deliver(sent, { ...signed, ...headers })).toMatchObject({ status, body: { code } });
    await rejectionOf(code);
    expect(stripeEvents()).toEqual([]);
  });

  it('is counted in the trail with its code and address', async () => {
    await deliver(body, { 'stripe-signature': signStripe(body, 'whsec_somebody_else') });
    expect(await rejectionOf('signature_mismatch')).toEqual({
      code: 'signature_mismatch',
      count: expect.any(Number),
      remote_address: '127.0.0.1',
    });
  });

  it('F23: cannot name its own address unless a trusted proxy says so', async () => {
    await deliver('{}', { 'x-forwarded-for': '198.51.100.1' });
    expect(await rejectionOf('body_malformed')).toMatchObject({ remote_address: '127.0.0.1' });
    const behindProxy = await startIngress({ TRUSTED_PROXIES: ['127.0.0.1'] });
    await deliver('null', { 'x-forwarded-for': '198.51.100.1' }, behindProxy.url);
    await waitFor('the forwarded address', () =>
      rejections().some(({ body: sent }) => sent.toString().includes('198.51.100.1')),
    );
    await behindProxy.stop();
  });

  it('F22: is turned away for 20 KB of headers with headers_too_large', async () => {
    const answer = await rawAnswer(`POST /webhook/stripe HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toContain('HTTP/1.1 431');
    expect(answer).toContain('"headers_too_large"');
    await rejectionOf('headers_too_large');
  });

  it('F22: is given up after ten seconds of waiting for its body, with body_timeout', async () => {
    const answer = await rawAnswer('POST /webhook/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    expect(answer).toContain('HTTP/1.1 408');
    expect(answer).toContain('"body_timeout"');
    await rejectionOf('body_timeout');
  });
});

/** What a server answers to bytes that no HTTP client would send, once the connection is closed. */
function rawAnswer(bytes: string): Promise<string> {
  return rawConnection(ingress.url, bytes).answer;
}

describe('when the event could not be kept (handler error swallowed, 200 returned, event lost)', () => {
  it('F9: answers 503 with Retry-After while a consumer’s queue is missing, and takes events again once it is back', async () => {
    const ours = await createTestBroker();
    const lonely = await startIngress({ RABBITMQ_URL: ours.url });
    const connection = await connectBroker(ours.url);
    const channel = await connection.createChannel();
    await channel.deleteQueue('subscription.events');
    const body = JSON.stringify(anEvent());
    const refused = await waitFor('a refusal', async () => {
      const answer = await deliver(body, {}, lonely.url);
      return answer.status === 503 && answer;
    });
    expect(refused).toMatchObject({ retryAfter: expect.stringMatching(/^\d+$/), body: { code: 'broker_unavailable' } });
    expect((await fetch(`${lonely.managementUrl}/health/ready`)).status).toBe(503);
    await declareTopology({ url: ours.url });
    await waitFor('events to be taken again', async () => (await deliver(body, {}, lonely.url)).status === 200);
    await connection.close();
    await lonely.stop();
    await ours.drop();
  });

  it('F5: answers 503 within two seconds while the broker is away, and recovers by itself', async () => {
    const body = JSON.stringify(anEvent());
    cable.pull();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(body)));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    }
    cable.mend();
    await waitFor('the broker again', async () => (await deliver(body)).status === 200);
  });

  it('finishes what it has taken before it stops: whatever it answered 200 is with the broker', async () => {
    const leaving = await startIngress();
    const events = Array.from({ length: 50 }, () => anEvent());
    const answers = events.map((event) => deliver(JSON.stringify(event), {}, leaving.url));
    await Promise.race(answers);
    const begin = performance.now();
    await leaving.stop();
    expect(performance.now() - begin).toBeLessThan(5_000);
    const settled = await Promise.allSettled(answers);
    const taken = events.filter((_, index) => {
      const answer = settled[index];
      return answer?.status === 'fulfilled' && answer.value.status === 200;
    });
    expect(taken.length).toBeGreaterThan(0);
    await waitFor('all that was taken', () => {
      const published = new Set(stripeEvents().map(({ attributes }) => attributes['id']));
      return taken.every(({ id }) => published.has(id));
    });
  });
});

it('answers anything but POST /webhook/stripe with 404 and no more', async () => {
  for (const [method, path] of [
    ['GET', '/webhook/stripe'],
    ['POST', '/'],
    ['GET', '/health/ready'],
  ] as const) {
    const response = await fetch(ingress.url + path, { method });
    expect([method, path, response.status]).toEqual([method, path, 404]);
  }
});

/** As Stripe does: again, while the answer is that the broker has not confirmed in time. */
const deliverUntilTaken = (body: string): Promise<Answer> =>
  waitFor('a delivery to be taken', async () => {
    const answer = await deliver(body);
    return answer.status !== 503 && answer;
  });

it('takes two hundred deliveries at once and loses none', async () => {
  const events = Array.from({ length: 200 }, anEvent);
  const answers = await Promise.all(events.map((event) => deliverUntilTaken(JSON.stringify(event))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const taken = (): Set<unknown> => new Set(stripeEvents().map(({ attributes }) => attributes['id']));
  await waitFor('all of them', () => taken().size === 200);
});

it('shows its deliveries and its connection to whoever scrapes the management port', async () => {
  const fresh = await startIngress();
  await deliver(JSON.stringify(anEvent()), {}, fresh.url);
  await deliver('null', {}, fresh.url);
  // The report of the refusal is a message too: until its confirm is there, one is unconfirmed.
  const metrics = await waitFor('every confirm', async () => {
    const text = await (await fetch(`${fresh.managementUrl}/metrics`)).text();
    return text.includes('billhook_ingress_unconfirmed_messages 0') && text;
  });
  await fresh.stop();
  expect(metrics).toMatch(/billhook_ingress_deliveries_total\{outcome="accepted"\} [1-9]/);
  expect(metrics).toMatch(/billhook_ingress_deliveries_total\{outcome="body_malformed"\} [1-9]/);
  expect(metrics).toMatch(/billhook_ingress_delivery_seconds_count [1-9]/);
  expect(metrics).toContain('billhook_ingress_publisher_state{state="up"} 1');
});
