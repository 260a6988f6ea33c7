import { toHeaders } from '@billhook/contracts';
import { CommonConfig, Retryable, startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import { createTestBroker, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';
import { BatchTransport } from './batch-transport.consumer.js';
import type { BatchTransportOptions } from './batch-transport.consumer.js';
import type { Delivery, Settlement } from './event.js';
import { topology } from './topology.js';
import { declareTopology } from './topology.relay.js';

const queue = 'gateway.accounts';
const routingKey = 'billing.account.changed';
const deadQueue = topology.queues[queue].deadLetterQueue;

/** What the consumer under test does with a batch, and what it was given. */
let handle: (batch: Delivery[]) => Promise<Settlement[]>;
let batches: string[][];
let deliveries: Delivery[];
let isReady: boolean;
/** How often the transport has begun to consume: a loss may be over before anyone could see it. */
let subscriptions: number;

const applyAll = (batch: Delivery[]): Promise<Settlement[]> => Promise.resolve(batch.map(() => ({ kind: 'applied' })));

@Controller()
class SpecConsumer {
  @EventPattern(queue)
  consume(@Payload() batch: Delivery[]): Promise<Settlement[]> {
    batches.push(batch.map((delivery) => delivery.attributes.id));
    deliveries.push(...batch);
    return handle(batch);
  }
}

@Module({ controllers: [SpecConsumer] })
class SpecModule {}

let broker: TestBroker;
let cable: CableProxy;
let admin: ChannelModel;
let channel: Channel;
let service: RunningService | undefined;
let transport: BatchTransport;

beforeAll(async () => {
  broker = await createTestBroker();
  cable = await startCableProxy(broker.url);
  admin = await connect(broker.url);
});
afterAll(async () => {
  await admin.close();
  await cable.close();
  await broker.drop();
});
beforeEach(async () => {
  channel = await admin.createChannel();
  handle = applyAll;
  batches = [];
  deliveries = [];
  isReady = true;
  subscriptions = 0;
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await channel.purgeQueue(queue);
  await channel.purgeQueue(deadQueue);
  await channel.close();
});

function countSubscriptions(_fields: object, message: string): void {
  if (message === 'consuming') subscriptions += 1;
}

/** As a service does it, so that what Nest makes of a handler's error is part of what is tested. */
async function start(options: Partial<BatchTransportOptions> = {}): Promise<void> {
  transport = new BatchTransport({
    url: cable.url,
    connectionName: 'transport-spec',
    isSurroundingsFailure: (error) => error instanceof Retryable,
    isReady: () => Promise.resolve(isReady),
    log: { info: countSubscriptions, warn: () => undefined, error: () => undefined },
    ...options,
  });
  service = await startService({
    name: 'transport-spec',
    module: SpecModule,
    config: Object.assign(new CommonConfig(), { PORT: 0, MANAGEMENT_PORT: 0, LOG_LEVEL: 'silent' }),
    consumers: () => [transport],
    readiness: () => ({ queues: () => transport.readiness() }),
  });
  await waitFor('the consumer', async () => (await transport.readiness()).up);
}

function send(...ids: string[]): void {
  for (const id of ids) {
    const attributes = { id, source: 'spec', type: routingKey, time: '2026-11-23T12:00:00.000Z' };
    channel.publish(topology.exchange, routingKey, Buffer.from(id), {
      headers: toHeaders(attributes),
      persistent: true,
    });
  }
}

const seen = (): string[] => deliveries.map((delivery) => delivery.attributes.id);
/** Ready and unsettled messages are gone from the queue only when the broker has been told about each. */
async function settled(): Promise<void> {
  await service?.stop();
  service = undefined;
  expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 0 });
}

describe('BatchTransport', () => {
  it('hands batches over in order, byte for byte, and acknowledges them', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => `evt_${index}`);
    send(...ids);
    await start({ batchSize: 10 });
    await waitFor('all events', () => seen().length === 25);
    expect(seen()).toEqual(ids);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(10);
    expect(batches.length).toBeLessThan(25);
    expect(deliveries[7]).toMatchObject({ body: Buffer.from('evt_7'), redelivered: false });
    await settled();
  });

  it('F6: acknowledges only after the handler: an event in hand when its connection dies comes again', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    handle = async (batch) => {
      await held;
      return applyAll(batch);
    };
    await start();
    send('evt_saved');
    await waitFor('the first delivery', () => deliveries.length === 1);
    cable.cut();
    await waitFor('the return', () => subscriptions === 2);
    letGo();
    await waitFor('the second delivery', () => deliveries.length === 2);
    expect(deliveries.map((delivery) => delivery.redelivered)).toEqual([false, true]);
    await settled();
  });

  it('F45: never settles a stranger: an answer from before a reconnect leaves the new deliveries alone', async () => {
    const answers: PromiseWithResolvers<void>[] = [];
    handle = async (batch) => {
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      await answer.promise;
      return applyAll(batch);
    };
    await start({ batchSize: 1 });
    send('evt_a', 'evt_b');
    await waitFor('evt_a in hand', () => answers.length === 1);
    cable.cut();
    await waitFor('the return', () => subscriptions === 2);
    answers[0]?.resolve();
    await waitFor('the next batch', () => answers.length === 2);
    // The stale answer carried tag 1. On the new channel that is the message in hand now: had it been acknowledged, cutting
    // this connection as well would lose it.
    const inHand = seen().at(-1);
    cable.cut();
    await waitFor('the second return', () => subscriptions === 3);
    handle = applyAll;
    answers[1]?.resolve();
    await waitFor('it to come again', () => seen().slice(2).includes(String(inHand)));
    await waitFor('both', () => new Set(seen().slice(2)).size === 2);
    await settled();
  });

  it('F40: puts what is not an event into the dead-letter queue, unchanged, and goes on', async () => {
    const garbage = Buffer.from([0x7b, 0xff, 0x00]);
    channel.publish(topology.exchange, routingKey, garbage, { headers: { 'cloudEvents:id': 'evt_bad' } });
    send('evt_good');
    await start();
    await waitFor('the good one', () => seen().includes('evt_good'));
    const dead = await waitFor('the dead letter', () => channel.get(deadQueue, { noAck: true }));
    expect(dead.content.equals(garbage)).toBe(true);
    expect(seen()).toEqual(['evt_good']);
    await settled();
  });

  it('F26: waits while the surroundings are down, and then takes everything again', async () => {
    handle = () => Promise.reject(new Retryable('database_unavailable'));
    await start();
    isReady = false;
    send('evt_1', 'evt_2');
    await waitFor('the pause', async () => !(await transport.readiness()).up);
    expect((await transport.readiness()).detail).toContain('paused');
    await waitFor('the return of the messages', async () => (await channel.checkQueue(queue)).messageCount === 2);
    expect((await channel.checkQueue(queue)).consumerCount).toBe(0);
    const tries = batches.length;
    handle = applyAll;
    isReady = true;
    await waitFor('both events', () => new Set(seen()).size === 2 && batches.length > tries);
    await settled();
  });

  it('comes back ever later while they only seem to be ready, so that no message is returned to death', async () => {
    const begin = performance.now();
    handle = () => Promise.reject(new Retryable('database_unavailable'));
    await start();
    send('evt_1');
    await waitFor('the fifth try', () => batches.length >= 5);
    expect(performance.now() - begin).toBeGreaterThan(250 + 500 + 1_000);
    handle = applyAll;
    await waitFor('the event', () => batches.length >= 6);
    await waitFor('readiness', async () => (await transport.readiness()).up);
    await settled();
    expect(await channel.checkQueue(deadQueue)).toMatchObject({ messageCount: 0 });
  });

  it('F39: goes one by one after a batch failed, so that one event cannot hold its neighbours', async () => {
    handle = (batch) =>
      batch.some((delivery) => delivery.attributes.id === 'evt_poison')
        ? Promise.reject(new Error('a bug'))
        : applyAll(batch);
    send('evt_1', 'evt_poison', 'evt_2');
    await start();
    await waitFor(
      'the neighbours',
      () => batches.some(([id]) => id === 'evt_1') && batches.some(([id]) => id === 'evt_2'),
    );
    await waitFor('another try of it', () => batches.filter((batch) => batch.join() === 'evt_poison').length >= 2);
    handle = applyAll;
    await waitFor('its success', () => batches.filter((batch) => batch.join() === 'evt_poison').length >= 3);
    await settled();
  });

  it('treats an answer of the wrong shape as a failure, not as an acknowledgement', async () => {
    handle = () => Promise.resolve([]);
    await start();
    send('evt_1');
    await waitFor('a second try', () => seen().length >= 2);
    handle = applyAll;
    await waitFor('the last try', () => batches.length >= 3);
    await settled();
  });

  it('F43: consumes again after its queue was deleted and declared anew', async () => {
    await start();
    await channel.deleteQueue(queue);
    await waitFor('the loss', async () => !(await transport.readiness()).up);
    await channel.assertQueue(queue, { durable: true, arguments: topology.queues[queue].arguments });
    for (const binding of topology.queues[queue].bindings) await channel.bindQueue(queue, topology.exchange, binding);
    await waitFor('the consumer', async () => (await transport.readiness()).up);
    send('evt_1');
    await waitFor('the event', () => seen().length === 1);
    await settled();
  });

  it('F45: settles nothing on a channel that it is closing because the broker cancelled it', async () => {
    const cancelled = Promise.withResolvers<void>();
    const errors: string[] = [];
    handle = async (batch) => {
      await cancelled.promise;
      return applyAll(batch);
    };
    await start({
      log: {
        info: countSubscriptions,
        warn: () => undefined,
        error: (_fields, message) => {
          errors.push(message);
          cancelled.resolve();
        },
      },
    });
    send('evt_in_hand');
    await waitFor('it to be in hand', () => batches.length === 1);
    await channel.deleteQueue(queue);
    await waitFor('the cancellation', () => errors.length > 0);
    await declareTopology({ url: broker.url });
    await waitFor('the return', () => subscriptions === 2);
    expect(errors).toEqual(['the broker cancelled the consumer']);
    expect(batches).toHaveLength(1);
  });

  it('F46: finishes what is in hand before it stops: nothing is delivered twice', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    handle = async (batch) => {
      await held;
      return applyAll(batch);
    };
    await start({ batchSize: 2, prefetch: 4 });
    send('evt_1', 'evt_2', 'evt_3', 'evt_4', 'evt_5');
    await waitFor('the first batch', () => batches.length === 1);
    await waitFor('four messages in hand', async () => (await channel.checkQueue(queue)).messageCount === 1);
    const stopping = service?.stop();
    service = undefined;
    letGo();
    await stopping;
    expect(seen().slice(0, 4)).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4']);
    await start();
    await waitFor('the rest', () => seen().length === 5);
    await settled();
    expect(seen()).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4', 'evt_5']);
  });
});
