import { createTestBroker, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestBroker } from '@billhook/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutgoingEvent } from './event.js';
import type { MessagingLog } from './log.js';
import { EventPublisher } from './publisher.relay.js';
import { declareTopology } from './topology.relay.js';

const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

let broker: TestBroker;
let cable: CableProxy;
let publisher: EventPublisher;

beforeEach(async () => {
  broker = await createTestBroker();
  cable = await startCableProxy(broker.url);
});
afterEach(async () => {
  await publisher.stop();
  await cable.close();
  await broker.drop();
});

async function start(options: Partial<ConstructorParameters<typeof EventPublisher>[0]> = {}): Promise<void> {
  publisher = new EventPublisher({ url: cable.url, connectionName: 'publisher-faults-spec', log: quiet, ...options });
  await publisher.start();
}

const isUp = (): Promise<true> => waitFor('the publisher', () => publisher.state() === 'up', 5_000);

function anEvent(n: number): OutgoingEvent {
  const attributes = {
    id: `evt_${n}`,
    source: 'stripe',
    type: 'stripe.invoice.paid',
    time: '2026-11-23T12:00:00.000Z',
  };
  return { attributes, body: Buffer.alloc(2_900, 'x') };
}

/** How long each publish took to settle, and how. */
async function publishMany(count: number): Promise<{ ms: number; isConfirmed: boolean }[]> {
  const begin = performance.now();
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const isConfirmed = await publisher.publish(anEvent(n)).then(
        () => true,
        () => false,
      );
      return { ms: performance.now() - begin, isConfirmed };
    }),
  );
}

/** Whether so many settle before a bare timer, which is as late as the machine is. */
function settlesBeforeTimer(count: number, ms: number): Promise<boolean> {
  return Promise.race([publishMany(count).then(() => true), delay(ms, false)]);
}

describe('a publisher whose broker fails', () => {
  it('F4: is down while the broker is away and publishes within five seconds of its return', async () => {
    cable.pull();
    await start();
    expect((await publishMany(3)).filter(({ isConfirmed }) => isConfirmed)).toEqual([]);
    cable.mend();
    await isUp();
    expect(await publishMany(1)).toMatchObject([{ isConfirmed: true }]);
  });

  it('F7: settles every publish within two seconds of silence, then refuses at once what it has no room for', async () => {
    await start({ maxInFlight: 200 });
    await isUp();
    cable.mute();
    // On a machine that stands still for a second every timer is late: a bare one says by how much.
    const begin = performance.now();
    const timer = delay(1_500).then(() => performance.now() - begin);
    const first = await publishMany(200);
    expect(first.filter(({ isConfirmed }) => isConfirmed)).toEqual([]);
    expect(Math.max(...first.map(({ ms }) => ms))).toBeLessThan((await timer) + 500);
    expect(await settlesBeforeTimer(50, 500)).toBe(true);
    expect(publisher.unconfirmed()).toBe(200);
    cable.cut();
    await waitFor('the room to be free again', () => publisher.unconfirmed() === 0);
    await isUp();
    expect((await publishMany(200)).every(({ isConfirmed }) => isConfirmed)).toBe(true);
  });

  it('F7: refuses at once, and writes no more than one message a second, once the broker has confirmed nothing in time', async () => {
    await start({ timeoutMs: 300 });
    await isUp();
    cable.mute();
    await publishMany(5);
    expect(await settlesBeforeTimer(50, 200)).toBe(true);
    expect(publisher.unconfirmed()).toBe(5);
    const [trial] = await waitFor('a trial', async () => {
      const answers = await publishMany(1);
      return publisher.unconfirmed() === 6 && answers;
    });
    expect(trial?.ms).toBeGreaterThanOrEqual(290);
    cable.cut();
    await waitFor('the loss', () => publisher.unconfirmed() === 0);
    await isUp();
    // On a busy machine fifty may take longer than the 300 ms that they have here.
    await waitFor('all to be confirmed', async () => (await publishMany(50)).every(({ isConfirmed }) => isConfirmed));
  });

  it('F7: drops a connection whose other end is gone without a word, and publishes again', async () => {
    const logged: string[] = [];
    await start({ log: { ...quiet, warn: (_fields, message) => void logged.push(message) } });
    await isUp();
    cable.halfOpen();
    // Eight seconds, counted in checks that a busy machine makes late; amqplib alone would take up to fifteen, and say otherwise.
    await waitFor('the loss', () => publisher.state() === 'down', 20_000);
    expect(logged).toContain('the broker is silent, dropping the connection');
    await isUp();
    expect(await publishMany(1)).toMatchObject([{ isConfirmed: true }]);
  });

  it('F6: loses nothing that it called confirmed while its connection is reset again and again', async () => {
    await start();
    await isUp();
    const confirmed: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const underWay = publishMany(50);
      if (round % 2 === 0) setImmediate(() => cable.cut());
      confirmed.push((await underWay).filter(({ isConfirmed }) => isConfirmed).length);
      await isUp();
    }
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    const total = confirmed.reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThanOrEqual(100);
    expect((await channel.checkQueue('audit.events')).messageCount).toBeGreaterThanOrEqual(total);
    await model.close();
  });

  it('F9: misses a deleted queue within a second or so, and goes on looking after a check that failed', async () => {
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    await start();
    await isUp();
    await channel.deleteQueue('gateway.accounts');
    await waitFor('the loss', () => publisher.missingQueues().join() === 'gateway.accounts', 3_000);
    cable.cut();
    await isUp();
    await declareTopology({ url: broker.url });
    await waitFor('the queue', () => publisher.missingQueues().length === 0, 7_000);
    await model.close();
  });
});
