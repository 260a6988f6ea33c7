import { aStripeEvent, startPrivateServers, startServiceProcess, waitFor } from '@billhook/testing';
import type { PrivateServers, StripeEventBody } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import amqp from 'amqplib';
import { join } from 'node:path';
import { CustomerStory } from '../../apps/subscription/src/customer-story.spec-support.js';
import { isAccepted, oneOfEach, Scene, say, slowest } from './scene.spec-support.js';
import type { Cast } from './scene.spec-support.js';
import type { StartOptions } from './fault-system.spec-support.js';

const startMs = 180_000;
const caseMs = 240_000;
const isFull = process.env['FULL'] === '1';
const tenMinutesMs = 600_000;

let servers: PrivateServers;
/** Of one test alone. */
let scene: Scene | undefined;
/** Of those that leave it as they found it. */
let house: Scene | undefined;

beforeAll(async () => {
  servers = await startPrivateServers();
}, startMs);

afterEach(async () => {
  await scene?.close();
  scene = undefined;
}, 60_000);

afterAll(async () => {
  await house?.close();
  await servers?.reaper.close();
}, 60_000);

async function open(cast: Cast = oneOfEach, start: StartOptions = {}): Promise<Scene> {
  const { infrastructure, reaper, folder } = servers;
  scene = await Scene.open({ infrastructure, reaper, folder }, cast, start);
  return scene;
}

/** One of each service, for tests that leave it as they found it: the next one moves in unless a test has failed there. */
async function inHouse(test: (on: Scene) => Promise<void>): Promise<void> {
  const on = house ?? (await open());
  [scene, house] = [on, undefined];
  await test(on);
  [scene, house] = [undefined, on];
}

function eventsOnce(on: Scene, name: string, count: number): StripeEventBody[] {
  return on.newHistories(name, count).flatMap(({ events }) => events);
}

function settledOf(on: Scene, events: readonly StripeEventBody[]): Promise<number> {
  const ids = events.map(({ id }) => id);
  return on.system.countOf(`subscription.inbox WHERE outcome IN ('applied', 'ignored') AND event_id = ANY($1)`, [ids]);
}

async function redeliveries(on: Scene): Promise<number> {
  const queues = await on.system.broker('queues');
  return queues.reduce((sum, { message_stats: stats }) => sum + redelivered(stats), 0);
}

function redelivered(stats: unknown): number {
  const known = stats instanceof Object && 'redeliver' in stats ? stats.redeliver : 0;
  return typeof known === 'number' ? known : 0;
}

describe('F37: one event delivered a hundred times at once', () => {
  it(
    'to three replicas has one effect',
    async () => {
      const on = await open({ 'webhook-ingress': 1, subscription: 3, audit: 2, gateway: 1 });
      const [history] = on.newHistories('hundred', 1);
      const paid = history?.events.find(({ type }) => type === 'invoice.paid');
      if (paid === undefined) throw new Error('nobody paid');
      const answers = await Promise.all(Array.from({ length: 100 }, () => on.deliverer.attempt(paid)));
      expect(answers.every(isAccepted)).toBe(true);
      expect(await on.verdict()).toEqual([]);
    },
    caseMs,
  );
});

describe('F46: SIGTERM under load', () => {
  it(
    'resets no connection, has nothing delivered again, and ends every process within ten seconds',
    async () => {
      const on = await open({ 'webhook-ingress': 2, subscription: 2, audit: 2, gateway: 1 });
      const load = on.startLoad('rolling', 60);
      const rounds = isFull ? 25 : 1;
      const tookMs: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const name of [...on.system.replicas.keys()].filter((each) => !each.startsWith('gateway'))) {
          const replica = on.system.replicas.get(name);
          if (replica === undefined) throw new Error(`${name} is gone`);
          const { how, ms } = await on.system.stop(replica);
          expect([name, how]).toEqual([name, 0]);
          tookMs.push(Math.round(ms));
          await on.system.start(replica.service, {}, name);
        }
      }
      const answers = await load.stop();
      const lost = answers.filter(({ code }) => code !== undefined).map(({ code }) => code);
      say(`F46: ${tookMs.length} processes ended after ${tookMs.join(', ')} ms; ${answers.length} deliveries`);
      expect(lost).toEqual([]);
      expect(Math.max(...tookMs)).toBeLessThan(10_000);
      expect(await on.verdict()).toEqual([]);
      expect(await redeliveries(on)).toBe(0);
    },
    isFull ? 30 * 60_000 : caseMs,
  );
});

describe('F47: a process killed while it drains', () => {
  it(
    'loses nothing and doubles nothing',
    () =>
      inHouse(async (on) => {
        const load = on.startLoad('draining', 150);
        for (const service of ['subscription', 'audit', 'webhook-ingress'] as const) {
          const [replica] = on.system.replicasOf(service);
          if (replica === undefined) throw new Error(`no ${service}`);
          const before = await on.applied();
          await waitFor('some work', async () => (await on.applied()) > before, 30_000);
          on.system.replicas.delete(replica.name);
          replica.process.kill('SIGTERM');
          setImmediate(() => replica.process.kill('SIGKILL'));
          await replica.process.ended;
          await on.system.start(service, {}, replica.name);
        }
        await load.stop();
        expect(await on.verdict()).toEqual([]);
      }),
    caseMs,
  );
});

describe('F48: an event loop that stands still', () => {
  it(
    'has its messages given to others by the broker, and doubles nothing when it moves again',
    async () => {
      const stallMs = isFull ? 30_000 : 16_000;
      const on = await open(oneOfEach, { preload: 'stall', settings: { STALL_MS: String(stallMs) } });
      await on.system.start('subscription');
      await on.system.start('audit');
      const stalling = ['subscription', 'audit'].map((name) =>
        [...on.system.replicas.values()].find((replica) => replica.service === name),
      );
      const load = on.startLoad('stalled', 50);
      const before = await on.applied();
      await waitFor('some work', async () => (await on.applied()) > before, 30_000);
      for (const replica of stalling) replica?.process.kill('SIGUSR2');
      const stoodAt = performance.now();
      await waitFor('it to be over', () => performance.now() - stoodAt > stallMs + 1_000, stallMs + 30_000);
      await load.stop();
      expect(await on.verdict()).toEqual([]);
    },
    caseMs,
  );
});

describe('F49: clocks that are wrong', () => {
  it.each([
    ['ten minutes ahead, stepping ten back', tenMinutesMs, -tenMinutesMs],
    ['ten minutes behind, stepping ten ahead', -tenMinutesMs, tenMinutesMs],
  ])(
    'leave the truth as it is: %s',
    async (_, offset, step) => {
      const clock: StartOptions = {
        preload: 'clock',
        settings: { CLOCK_OFFSET_MS: String(offset), CLOCK_STEP_MS: String(step) },
      };
      const on = await open({ subscription: 1, audit: 1, gateway: 1 }, clock);
      const wrong = await on.system.start('webhook-ingress', clock);
      const [first, ...others] = on.newHistories(`clock${offset > 0 ? 'ahead' : 'behind'}`, 5);
      const early = first?.events[0];
      if (early === undefined) throw new Error('no event');
      // An ingress whose clock is that wrong cannot tell a replayed signature: it refuses, and Stripe tries again.
      expect(await on.deliverer.attempt(early)).toMatchObject({ status: 400 });
      await on.system.stop(wrong);
      await on.system.start('webhook-ingress');
      const [half, rest] = [others.slice(0, 2), others.slice(2)];
      await on.deliverer.deliverAll(half.flatMap(({ deliveries }) => deliveries));
      for (const replica of on.system.replicas.values()) {
        if (replica.service !== 'webhook-ingress') replica.process.kill('SIGUSR2');
      }
      await on.deliverer.deliverAll(rest.flatMap(({ deliveries }) => deliveries));
      expect(await on.verdict()).toEqual([]);
    },
    caseMs,
  );
});

describe('F51: a process that runs out of memory', () => {
  it(
    'dies as if killed, and loses nothing',
    async () => {
      const on = await open({ 'webhook-ingress': 1, audit: 1, gateway: 1 });
      const large = Array.from({ length: 150 }, (_, index) => {
        const object = { id: `cus_large_${index}`, object: 'customer', metadata: { note: 'x'.repeat(700_000) } };
        return aStripeEvent('customer.updated', object, { id: `evt_large_${index}` });
      });
      await on.deliverer.deliverAll(large);
      const small = await on.system.start('subscription', {
        nodeArguments: ['--max-old-space-size=48'],
        isReadyLater: true,
      });
      expect(await small.process.ended).not.toBe(0);
      await on.system.start('subscription', {}, small.name);
      await on.deliverer.deliverAll(eventsOnce(on, 'afterLarge', 3));
      expect(await on.verdict()).toEqual([]);
    },
    caseMs,
  );
});

describe('F43: a consumer whose queue was deleted', () => {
  it(
    'is not ready within thirty seconds, though its connection is up, and consumes again once the queue is declared',
    () =>
      inHouse(async (on) => {
        const [replica] = on.system.replicasOf('subscription');
        if (replica === undefined) throw new Error('no subscription');
        const channel = await brokerChannel(on);
        await channel.deleteQueue('subscription.events');
        const from = performance.now();
        const readiness = async (): Promise<number> => (await fetch(`${replica.managementUrl}/health/ready`)).status;
        await waitFor('not ready', async () => (await readiness()) === 503, 30_000);
        say(`F43: not ready ${Math.round(performance.now() - from)} ms after its queue was deleted`);
        await declareTopology(on);
        await waitFor('ready again', async () => (await readiness()) === 200, 60_000);
        await on.deliverer.deliverAll(eventsOnce(on, 'redeclared', 3));
        expect(await on.verdict()).toEqual([]);
      }),
    caseMs,
  );

  it(
    'and declared again at once is consumed again',
    () =>
      inHouse(async (on) => {
        const channel = await brokerChannel(on);
        await channel.deleteQueue('subscription.events');
        await declareTopology(on);
        await on.deliverer.deliverAll(eventsOnce(on, 'atOnce', 3));
        expect(await on.verdict()).toEqual([]);
      }),
    caseMs,
  );
});

describe('F41: two hundred events that can never be applied', () => {
  it(
    'hold up nobody else, and are parked alone after five tries',
    async () => {
      const on = await open();
      const story = new CustomerStory('poison');
      // Its customer is known and its shape is right: only PostgreSQL finds out that the number is none of its integers.
      const poison = Array.from({ length: 200 }, (_, index) =>
        story.invoice('payment_failed', { id: `in_poison_${index}`, attempt_count: 3_000_000_000 }),
      );
      const others = eventsOnce(on, 'behindPoison', 2);
      await on.deliverer.deliver(story.created());
      await on.deliverer.deliverAll(poison);
      const parked = (): Promise<number> => on.system.countOf('subscription.parked_event WHERE retry_at IS NULL');
      const from = performance.now();
      await on.deliverer.deliverAll(others);
      await waitFor('the healthy ones', async () => (await settledOf(on, others)) === others.length, 30_000);
      const heldMs = performance.now() - from;
      // They do not wait for what becomes of the others; how long that takes is a figure of the machine.
      expect(await parked()).toBeLessThan(poison.length);
      await waitFor('the parking', async () => (await parked()) === poison.length, 60_000);
      const parkedMs = performance.now() - from;
      say(
        `F41: ${others.length} events behind 200 poison ones were applied after ${Math.round(heldMs)} ms, all of those parked after ${Math.round(parkedMs)} ms`,
      );
      expect(heldMs).toBeLessThan(7_000);
      const rows = await on.system.query('SELECT event_id, attempts FROM subscription.parked_event ORDER BY event_id');
      expect(rows).toEqual(
        poison.map(({ id }) => ({ event_id: id, attempts: 5 })).toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1)),
      );
    },
    caseMs,
  );
});

describe('F42: a dead-letter queue that is missing', () => {
  it(
    'costs no dead letter: the broker keeps it',
    async () => {
      const on = await open();
      const channel = await brokerChannel(on);
      await channel.deleteQueue('subscription.events.dead');
      channel.publish('', 'subscription.events', Buffer.from('no event at all'), { persistent: true });
      await channel.waitForConfirms();
      const kept = async (): Promise<boolean> => {
        const queues = await on.system.broker('queues');
        return queues.some(({ name, messages_dlx: count }) => name === 'subscription.events' && count === 1);
      };
      await waitFor('the broker to keep it', kept, 60_000);
    },
    caseMs,
  );
});

describe('F44: a topology other than ours', () => {
  it(
    'is reported by the topology step, and left as it is',
    async () => {
      const on = await open({});
      const channel = await brokerChannel(on);
      await channel.deleteQueue('audit.events');
      await channel.assertQueue('audit.events', { durable: true, arguments: { 'x-queue-type': 'classic' } });
      const from = performance.now();
      const { code, words } = await declareTopology(on, { mayFail: true });
      expect(code).not.toBe(0);
      expect(words).toContain('audit.events');
      say(`F44: reported after ${Math.round(performance.now() - from)} ms`);
      const [queue] = (await on.system.broker('queues')).filter(({ name }) => name === 'audit.events');
      expect(queue).toMatchObject({ type: 'classic' });
    },
    caseMs,
  );
});

describe('F24: the fifty lives of one process', () => {
  it(
    'killed again and again at no point in particular, it loses nothing',
    () =>
      inHouse(async (on) => {
        const load = on.startLoad('lives', 60);
        for (let life = 0; life < (isFull ? 50 : 3); life += 1) {
          const [replica] = on.system.replicasOf('subscription');
          if (replica === undefined) throw new Error('no subscription');
          const before = await on.applied();
          await waitFor('some work', async () => (await on.applied()) > before, 60_000);
          replica.process.kill('SIGKILL');
          await replica.process.ended;
          await on.system.start('subscription', {}, replica.name);
        }
        const answers = await load.stop();
        expect(slowest(answers)).toBeLessThan(10_000);
        expect(await on.verdict()).toEqual([]);
      }),
    isFull ? 20 * 60_000 : caseMs,
  );
});

const connections: amqp.ChannelModel[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close().catch(() => undefined);
});

async function brokerChannel(on: Scene): Promise<amqp.ConfirmChannel> {
  const connection = await amqp.connect(on.system.place.rabbitmqUrl, { noDelay: true });
  connection.on('error', () => undefined); // the virtual host is dropped in the end
  connections.push(connection);
  return connection.createConfirmChannel();
}

async function declareTopology(on: Scene, { mayFail = false } = {}): Promise<{ code: unknown; words: string }> {
  const command = startServiceProcess({
    reaper: servers.reaper,
    name: 'declare-topology',
    script: 'apps/webhook-ingress/src/declare-topology.command.js',
    settings: { RABBITMQ_URL: on.system.place.rabbitmqUrl },
    logFile: join(on.system.logFolder, 'declare-topology-again.log'),
  });
  const code = await command.ended;
  const words = command.failure(`ended with ${String(code)}`).message;
  if (code !== 0 && !mayFail) throw new Error(words);
  return { code, words };
}
