import { createTestBroker, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestBroker } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { ConsumerWatch } from './consumer-watch.relay.js';
import type { MessagingLog } from './log.js';
import { PassiveCheck } from './passive-check.relay.js';
import { QueueWatch } from './queue-watch.relay.js';

const queue = 'gateway.accounts';
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

let broker: TestBroker;
let cable: CableProxy;
/** With room for one channel: one that is left behind leaves none for whoever looks next. */
let model: ChannelModel;

beforeAll(async () => {
  broker = await createTestBroker();
  cable = await startCableProxy(broker.url);
});
afterAll(async () => {
  await cable?.close();
  await broker?.drop();
});
beforeEach(async () => {
  model = await connect(`${cable.url}?channelMax=1&heartbeat=0`);
});
afterEach(async () => {
  await model.close();
});

it('a look that the broker did not answer in time leaves no channel behind', async () => {
  const check = new PassiveCheck(model);
  expect(await check.look(queue)).toMatchObject({ messageCount: 0 });
  cable.freeze();
  await expect(check.look(queue)).rejects.toThrow('does not answer');
  cable.mend();
  expect(await waitFor('an answer', () => check.look(queue))).toMatchObject({ messageCount: 0 });
  check.close();
});

it('a queue that is missing leaves no channel behind', async () => {
  const check = new PassiveCheck(model);
  for (let look = 0; look < 3; look += 1) expect(await check.look('no such queue')).toBeUndefined();
  expect(await check.look(queue)).toMatchObject({ messageCount: 0 });
  check.close();
});

it('a watch that is started again on a living connection leaves no channel behind', async () => {
  const watch = new QueueWatch([queue], quiet);
  for (let start = 0; start < 3; start += 1) {
    await waitFor('its first look', () => watch.start(model).then(() => true as const));
    expect(watch.missing()).toEqual([]);
  }
  watch.stop();
});

it('a watch over consumers that is stopped looks no more, and leaves no channel behind', async () => {
  const watch = new ConsumerWatch();
  const looks: unknown[] = [];
  const look = { verify: async (ask: (name: string) => Promise<unknown>) => void looks.push(await ask(queue)) };
  watch.start(model, [look]);
  await waitFor('a look', () => looks.length > 0);
  watch.stop();
  const check = new PassiveCheck(model);
  expect(await waitFor('the channel', () => check.look(queue))).toMatchObject({ messageCount: 0 });
  check.close();
});
