import type { EventAttributes } from '@billhook/contracts';
import { createTestBroker, freePort, startCableProxy, tapEvents, waitFor } from '@billhook/testing';
import type { TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';
import type { MessagingLog } from './log.js';
import { EventPublisher } from './publisher.relay.js';
import { declareTopology, TopologyDiffers } from './topology.relay.js';
import { topology } from './topology.js';

const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
const unavailable = { name: 'Retryable', code: 'broker_unavailable' };

function anEvent(overrides: Partial<EventAttributes> = {}): { attributes: EventAttributes; body: Buffer } {
  const attributes = { id: 'evt_1', source: 'stripe', type: 'stripe.invoice.paid', time: '2026-11-23T12:00:00.000Z' };
  return { attributes: { ...attributes, ...overrides }, body: Buffer.from('{"exact": "bytes"}\n') };
}

let broker: TestBroker;
let admin: ChannelModel;
let channel: Channel;
let publisher: EventPublisher;

beforeAll(async () => {
  broker = await createTestBroker();
  admin = await connect(broker.url);
});
afterAll(async () => {
  await admin.close();
  await broker.drop();
});
beforeEach(async () => {
  channel = await admin.createChannel();
});
afterEach(async () => {
  await publisher.stop();
  await channel.close();
});

async function started(
  options: Partial<ConstructorParameters<typeof EventPublisher>[0]> = {},
): Promise<EventPublisher> {
  publisher = new EventPublisher({ url: broker.url, connectionName: 'publisher-spec', log: quiet, ...options });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');
  return publisher;
}

describe('EventPublisher', () => {
  it('resolves once the broker has the message, persistent and byte for byte', async () => {
    const tap = await tapEvents(broker.url);
    await (await started()).publish(anEvent({ livemode: false }));
    const [event] = await waitFor('the event', () => tap.events.length === 1 && tap.events);
    expect(event).toMatchObject({ routingKey: 'stripe.invoice.paid', attributes: { id: 'evt_1', livemode: false } });
    expect(event?.body.equals(anEvent().body)).toBe(true);
    const kept = await channel.get('audit.events', { noAck: true });
    expect(kept && kept.properties).toMatchObject({ deliveryMode: 2, messageId: 'evt_1', type: 'stripe.invoice.paid' });
    await tap.close();
  });

  it('confirms many at once and leaves none behind', async () => {
    await started();
    const ids = Array.from({ length: 500 }, (_, index) => `evt_many_${index}`);
    await Promise.all(ids.map((id) => publisher.publish(anEvent({ id }))));
    expect(publisher.unconfirmed()).toBe(0);
  });

  it('F9: fails the caller when no queue takes the message', async () => {
    await started();
    await channel.unbindQueue('audit.events', topology.exchange, '#');
    try {
      const results = await Promise.allSettled([
        publisher.publish(anEvent({ type: 'nobody.listens' })),
        publisher.publish(anEvent({ type: 'stripe.invoice.paid' })),
      ]);
      expect(results).toMatchObject([{ status: 'rejected', reason: unavailable }, { status: 'fulfilled' }]);
    } finally {
      await channel.bindQueue('audit.events', topology.exchange, '#');
    }
  });

  it('F10: fails the caller when a queue refuses the message', async () => {
    const { queue } = await channel.assertQueue('', {
      exclusive: true,
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    await channel.bindQueue(queue, topology.exchange, 'full.up');
    await started();
    await publisher.publish(anEvent({ type: 'full.up' }));
    await expect(publisher.publish(anEvent({ type: 'full.up' }))).rejects.toMatchObject(unavailable);
    await channel.deleteQueue(queue);
  });

  it('refuses at once what exceeds its bound in flight', async () => {
    await started({ maxInFlight: 2 });
    const results = await Promise.allSettled([1, 2, 3].map((n) => publisher.publish(anEvent({ id: `evt_${n}` }))));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(publisher.publish(anEvent())).resolves.toBeUndefined();
  });

  it('F7: gives up waiting for a confirm in time', async () => {
    const cable = await startCableProxy(broker.url);
    await started({ url: cable.url, timeoutMs: 100 });
    cable.mute();
    await expect(publisher.publish(anEvent())).rejects.toMatchObject(unavailable);
    await cable.close();
  });

  it('says which queue is missing and when it is back', async () => {
    await channel.deleteQueue('gateway.accounts');
    await started();
    expect(publisher.missingQueues()).toEqual(['gateway.accounts']);
    expect(await publisher.readiness()).toMatchObject({ up: false, detail: 'missing queues: gateway.accounts' });
    await declareTopology({ url: broker.url });
    await waitFor('the queue to be found', () => publisher.missingQueues().length === 0);
    expect(await publisher.readiness()).toEqual({ up: true });
  });

  it('F9: publishes again after the exchange was missing', async () => {
    await started();
    await channel.deleteExchange(topology.exchange);
    await expect(publisher.publish(anEvent())).rejects.toMatchObject(unavailable);
    await declareTopology({ url: broker.url });
    await waitFor('a publish', () =>
      publisher
        .publish(anEvent())
        .then(() => true)
        .catch(() => false),
    );
  });

  it('F6: fails what was on its way and comes back after a lost connection', async () => {
    const cable = await startCableProxy(broker.url);
    await started({ url: cable.url });
    cable.cut();
    await waitFor('the loss to be noticed', () => publisher.state() === 'down');
    await expect(publisher.publish(anEvent())).rejects.toMatchObject(unavailable);
    await waitFor('the publisher to be back', () => publisher.state() === 'up');
    await publisher.publish(anEvent());
    await publisher.stop();
    await cable.close();
  });

  it('F4: starts while the broker is down, and says so', async () => {
    publisher = new EventPublisher({
      url: `amqp://guest:guest@127.0.0.1:${await freePort()}`,
      connectionName: 'nowhere',
      log: quiet,
    });
    await publisher.start();
    expect(publisher.state()).toBe('down');
    await expect(publisher.publish(anEvent())).rejects.toMatchObject(unavailable);
  });

  it('is down once stopped', async () => {
    await started();
    await publisher.stop();
    expect(publisher.state()).toBe('down');
    await expect(publisher.publish(anEvent())).rejects.toMatchObject(unavailable);
  });
});

describe('declareTopology', () => {
  it('may be repeated', async () => {
    await started();
    const lines: string[] = [];
    await declareTopology({ url: broker.url, log: (line) => lines.push(line) });
    expect(lines).toHaveLength(7);
  });

  it('F44: reports every difference and replaces nothing', async () => {
    await started();
    const other = await createTestBroker({ declare: false });
    const model = await connect(other.url);
    const there = await model.createChannel();
    await there.assertQueue('audit.events', { durable: true });
    await there.assertQueue('gateway.accounts.dead', { durable: true });
    there.sendToQueue('audit.events', Buffer.from('kept'));
    const failure: unknown = await declareTopology({ url: other.url }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TopologyDiffers);
    expect(failure).toMatchObject({
      differences: [
        expect.stringMatching(/x-.*audit\.events|audit\.events.*x-|x-queue-type/),
        expect.stringContaining('gateway.accounts.dead'),
      ],
    });
    expect(await there.checkQueue('audit.events')).toMatchObject({ messageCount: 1 });
    await model.close();
    await other.drop();
  });
});
