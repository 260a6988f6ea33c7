import { toHeaders } from '@billhook/contracts';
import type { RunningService } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;
let service: RunningService;
let model: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
  model = await connect(world.brokerUrl);
  channel = await model.createConfirmChannel();
});
afterAll(async () => {
  await model?.close();
  await world?.end();
});

async function send(queue: string, headers: Record<string, unknown>, body: Buffer): Promise<void> {
  channel.publish('', queue, body, { headers, persistent: true });
  await channel.waitForConfirms();
}

const list = async (query: string) => (await world.ops(service, `/v1/events?status=parked&${query}`)).body;
const replay = (id: string) =>
  world.order(service, '/v1/events/replay', { filter: { ids: [id] }, dry_run: false, note: 'mended' });

it('a dead letter is listed as parked, announced, and applied by a replay, its bytes kept once', async () => {
  const story = new CustomerStory('dead');
  const created = story.created();
  const { attributes, body } = fromStripe(created);
  const died = { 'x-death': [{ reason: 'delivery_limit' }] };
  await send('subscription.events.dead', { ...toHeaders(attributes), ...died }, body);
  expect(await world.outcomesOf(created.id)).toEqual(['parked dead_letter: delivery_limit']);
  expect(await list('reason=dead_letter')).toMatchObject({ data: [{ id: created.id, status: 'parked' }] });
  expect((await world.ops(service, `/v1/events/${created.id}`)).body).toMatchObject({
    attributes: { id: created.id, type: 'stripe.customer.subscription.created' },
    body: { base64: body.toString('base64') },
  });
  expect(await world.typesToldOf(created.id)).toEqual(['billing.event.parked']);

  expect((await replay(created.id)).body).toMatchObject({ outcomes: { applied: 1 } });
  expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1, version: 1 });
  expect(await world.query('SELECT customer_id, body FROM raw_event WHERE event_id = $1', [created.id])).toEqual([
    { customer_id: story.customerId, body },
  ]);
  expect(await list('reason=dead_letter')).toMatchObject({ data: [] });
});

it('what is no event is listed too, with why and its bytes, and no replay runs it', async () => {
  const body = Buffer.from([0xff, 0x00, 0x7b]);
  await send('subscription.events', { 'cloudEvents:id': 'evt_half' }, body);
  const id = await waitFor('its parking', async () => {
    const [row] = await world.query<{ event_id: string }>(
      `SELECT event_id FROM inbox WHERE reason LIKE 'undecodable:%'`,
    );
    return row?.event_id;
  });
  expect(await list('type=dead_letter.undecodable')).toMatchObject({
    data: [{ id, status: 'parked', reason: expect.stringMatching(/^undecodable: \S/) }],
  });
  expect((await world.ops(service, `/v1/events/${id}`)).body).toMatchObject({
    attributes: null,
    body: { base64: body.toString('base64') },
  });
  expect((await replay(id)).body).toMatchObject({ replayed: 0, outcomes: { unreadable: 1 } });
  expect(await list('type=dead_letter.undecodable')).toMatchObject({ data: [{ id }] });
});
