import type { RunningService } from '@billhook/runtime';
import { aStripeEvent, aSubscription, createTestBroker, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestBroker } from '@billhook/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { Channel } from 'amqplib';
import { deliver, readiness, startIngress } from './running-ingress.spec-support.js';
import type { Answer } from './running-ingress.spec-support.js';

let broker: TestBroker;
let cable: CableProxy;
let ingress: RunningService;

beforeEach(async () => {
  broker = await createTestBroker();
  cable = await startCableProxy(broker.url);
  ingress = await startIngress(cable.url);
});
afterEach(async () => {
  await ingress?.stop();
  await cable?.close();
  await broker?.drop();
});

const anEvent = (overrides: object = {}): string =>
  JSON.stringify({ ...aStripeEvent('customer.subscription.updated', aSubscription()), ...overrides });
const send = (body = anEvent()): Promise<Answer> => deliver(ingress.url, body);
const unavailable = {
  status: 503,
  retryAfter: expect.stringMatching(/^\d+$/),
  body: expect.objectContaining({ code: 'broker_unavailable' }),
};

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

async function withBroker(work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const connection = await connect(broker.url);
  const channel = await connection.createChannel();
  await work(channel);
  await connection.close();
}

/** No queue takes more than this many messages; those beyond are refused to their publisher. */
async function limitQueues(most: number): Promise<void> {
  const { origin, username, password } = new URL(broker.managementUrl);
  const response = await fetch(`${origin}/api/policies/${encodeURIComponent(broker.vhost)}/full`, {
    method: 'PUT',
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    body: JSON.stringify({ pattern: '.*', definition: { 'max-length': most }, 'apply-to': 'queues' }),
  });
  expect(response.ok).toBe(true);
}

describe('a delivery is answered 503 with Retry-After', () => {
  it('F7: within two seconds while the broker is frozen, and 200 once it is back', async () => {
    cable.mute();
    const took = await msOf(async () => {
      for (const answer of await Promise.all(Array.from({ length: 10 }, () => send()))) {
        expect(answer).toEqual(unavailable);
      }
    });
    expect(took).toBeLessThan(2_500);
    cable.cut();
    await waitFor('the broker again', async () => (await send()).status === 200);
  });

  it('F9: when the exchange is gone', async () => {
    await withBroker((channel) => channel.deleteExchange('billhook.events'));
    expect(await send()).toEqual(unavailable);
    expect(await send()).toEqual(unavailable);
  });

  it('F9: when no queue is bound for it', async () => {
    await withBroker(async (channel) => {
      await channel.unbindQueue('subscription.events', 'billhook.events', 'stripe.#');
      await channel.unbindQueue('audit.events', 'billhook.events', '#');
    });
    expect(await send()).toEqual(unavailable);
  });

  it('F10: when a queue is full and refuses it, and 200 once there is room', async () => {
    await limitQueues(1);
    await waitFor('a refusal', async () => {
      const answer = await send();
      return answer.status === 503 && answer;
    });
    expect(await send()).toEqual(unavailable);
    await limitQueues(1_000);
    await waitFor('room', async () => (await send()).status === 200);
  });

  it('F5: F6: when its connection is cut under load: what was answered 200 is in the queue', async () => {
    const answers: Promise<Answer>[] = [];
    const timer = setInterval(() => answers.push(send()), 5);
    await waitFor('some deliveries', () => answers.length > 20);
    cable.cut();
    await waitFor('more deliveries', () => answers.length > 60);
    clearInterval(timer);
    const settled = await Promise.all(answers);
    expect(settled.every(({ status }) => status === 200 || status === 503)).toBe(true);
    const taken = settled.filter(({ status }) => status === 200).length;
    await waitFor('the broker again', async () => (await readiness(ingress)).status === 200);
    await withBroker(async (channel) => {
      await waitFor('what was taken', async () => {
        const { messageCount } = await channel.checkQueue('subscription.events');
        return messageCount >= taken;
      });
    });
  });
});
