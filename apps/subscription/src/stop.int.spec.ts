import { createTestDatabase, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestDatabase } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { CustomerStory } from './customer-story.spec-support.js';
import { World } from './running-service.spec-support.js';
import { schema } from './schema.js';

/** Of the ten seconds that a process has. */
const stopWithinMs = 9_000;

let world: World;
let database: TestDatabase | undefined;
let cable: CableProxy | undefined;

beforeAll(async () => {
  world = await World.create();
});
afterEach(async () => {
  await cable?.close();
  await database?.drop();
  [cable, database] = [undefined, undefined];
});
afterAll(async () => {
  await world?.end();
});

async function msToStop(service: Awaited<ReturnType<World['start']>>): Promise<number> {
  const begin = performance.now();
  await world.stop(service);
  return performance.now() - begin;
}

describe('the service stops in time', () => {
  it('while Stripe hangs, and leaves its question to whoever asks next', async () => {
    // About the subscription: the prices it asks about at its start are left without an answer too.
    const asked = Promise.withResolvers<void>();
    const silent = createServer(({ url }) => {
      if (url?.startsWith('/v1/subscriptions/') === true) asked.resolve();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const service = await world.start({ STRIPE_API_BASE: `http://127.0.0.1:${port}` });
    const story = new CustomerStory('hanging');
    const [plain, ending] = [story.subscription(), story.subscription({ cancel_at_period_end: true })];
    await world.publish(
      story.created(),
      story.updated(5, ending, { cancel_at_period_end: false }),
      story.updated(5, plain, { cancel_at_period_end: true }),
    );
    await asked.promise;
    expect(await msToStop(service)).toBeLessThan(stopWithinMs);
    expect(await world.query('SELECT last_error FROM pending_fetch')).toEqual([
      { last_error: 'its process was stopped' },
    ]);
    silent.close();
    silent.closeAllConnections();
  });

  it('F46: while its database is silent, with an event in hand', async () => {
    database = await createTestDatabase(schema);
    cable = await startCableProxy(database.serviceUrl);
    const service = await world.start({ DATABASE_URL: cable.url });
    await waitFor('it to be ready', async () => (await fetch(`${service.managementUrl}/health/ready`)).ok);
    cable.mute();
    await world.publish(new CustomerStory('silent').created());
    expect(await msToStop(service)).toBeLessThan(stopWithinMs);
  });

  it('F46: while the broker is silent', async () => {
    cable = await startCableProxy(world.brokerUrl);
    const service = await world.start({ RABBITMQ_URL: cable.url });
    await waitFor('it to be ready', async () => (await fetch(`${service.managementUrl}/health/ready`)).ok);
    cable.mute();
    expect(await msToStop(service)).toBeLessThan(stopWithinMs);
  });
});
