import type { RunningService } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;
let service: RunningService;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
});

afterAll(async () => {
  await world?.end();
});

const unknown = 'parked unknown_customer';
const link = (customerId: string, data: object) =>
  world.order(service, `/v1/customers/${customerId}/link`, { reason: 'support case 12', ...data });

async function publishUnknown(story: CustomerStory): Promise<string[]> {
  const events = [story.created(), story.invoice('paid')];
  await world.publish(...events);
  const ids = events.map(({ id }) => id);
  expect(await world.outcomesOf(...ids)).toEqual([unknown, unknown]);
  return ids;
}

describe('a customer that nobody has named', () => {
  it('is given to a user by ops, and what waited for it is released', async () => {
    const story = new CustomerStory('found', {});
    const ids = await publishUnknown(story);
    expect(await link(story.customerId, { user_id: story.userId })).toEqual({
      status: 200,
      body: { customer_id: story.customerId, user_id: story.userId, released_events: 2 },
    });
    expect(await world.outcomesOf(...ids)).toEqual(['applied', 'applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    expect(await world.told('billing.payment.succeeded', story.userId)).toHaveLength(1);
    expect(await world.told('billing.customer.assigned', story.userId)).toEqual([
      { user_id: story.userId, customer_id: story.customerId, reason: 'support case 12', released_events: 2 },
    ]);
    const assigned = world.tapped.find(({ routingKey }) => routingKey === 'billing.customer.assigned');
    expect(assigned?.attributes).toMatchObject({ actor: 'ops:somebody', requestid: expect.any(String) });
  });

  it('is given once: the same again releases nothing, and the link that comes back to us is no news', async () => {
    const story = new CustomerStory('found');
    expect(await link(story.customerId, { user_id: story.userId })).toMatchObject({
      status: 200,
      body: { released_events: 0 },
    });
    expect(await world.told('billing.customer.linked', story.userId)).toHaveLength(2);
    const echoes = await waitFor('the echo', async () => {
      const rows = await world.query<{ outcome: string }>(
        `SELECT outcome FROM inbox WHERE type = 'billing.customer.linked' AND event_id NOT LIKE 'link/%'`,
      );
      return rows.length === 2 && rows;
    });
    expect(echoes).toEqual([{ outcome: 'applied' }, { outcome: 'applied' }]);
    expect(await world.told('billing.account.changed', story.userId)).toHaveLength(1);
  });

  it('that has become somebody’s stays theirs', async () => {
    const story = new CustomerStory('owned');
    const created = story.created();
    await world.publish(created);
    await world.outcomesOf(created.id);
    expect(await link(story.customerId, { user_id: 'user-thief' })).toMatchObject({
      status: 409,
      body: { code: 'customer_of_another_user' },
    });
    expect(await world.query('SELECT user_id FROM customer WHERE customer_id = $1', [story.customerId])).toEqual([
      { user_id: story.userId },
    ]);
  });

  it('and that nobody has heard of leaves no trace', async () => {
    expect(await link('cus_typo', { user_id: 'user-typo' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect(await world.query(`SELECT FROM customer WHERE customer_id = 'cus_typo'`)).toEqual([]);
  });

  test.each([
    [{ user_id: '' }, /user_id/],
    [{ user_id: 'u', reason: ' ' }, /reason/],
    [{ user_id: 'u\u0000' }, /user_id/],
  ])('is not given away by %j', async (data, detail) => {
    expect(await link('cus_found', data)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid', detail: expect.stringMatching(detail) },
    });
  });

  it('is given away by ops only', async () => {
    const address = `${service.url}/v1/customers/cus_found/link`;
    expect((await fetch(address, { method: 'POST' })).status).toBe(401);
  });
});

describe('events that wait for more than an hour', () => {
  it('are told of once for their customer, by whichever replica, and counted', async () => {
    const [late, fresh] = [new CustomerStory('late', {}), new CustomerStory('new', {})];
    await publishUnknown(late);
    await publishUnknown(fresh);
    await world.query(`UPDATE parked_event SET parked_at = now() - interval '2 hours' WHERE key = $1`, [
      late.customerId,
    ]);
    const replicas = [await world.start(), await world.start()];
    const told = await waitFor('the alert', async () => {
      const found = await world.told('billing.customer.left_unknown', late.customerId);
      return found.length > 0 && found;
    });
    expect(told).toEqual([
      { code: 'unknown_customer', customer_id: late.customerId, events: 2, oldest_at: expect.any(String) },
    ]);
    await waitFor('the count', async () => {
      const metrics = await (await fetch(`${replicas[0]?.managementUrl}/metrics`)).text();
      return metrics.includes('billhook_unknown_customer_events 4');
    });

    // Its first look begins with it, and the stop waits for its end.
    const third = await world.start();
    await Promise.all([...replicas, third].map((replica) => world.stop(replica)));
    expect(await world.told('billing.customer.left_unknown', late.customerId)).toHaveLength(1);
    expect(await world.told('billing.customer.left_unknown', fresh.customerId)).toEqual([]);
  });
});
