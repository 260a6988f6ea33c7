import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import Stripe from 'stripe';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { secretKey, settle, startSimulator, webhookSecret } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

const session = z.object({ secret: z.string(), websocket_id: z.string(), websocket_url: z.string() });
const headers = z.object({ 'stripe-signature': z.string(), 'content-type': z.string() });
const message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('webhook_event'),
    endpoint: z.object({ api_version: z.string().nullable() }),
    event_payload: z.string(),
    http_headers: headers,
  }),
  z.object({ type: z.literal('v2_event'), payload: z.string(), http_headers: headers }),
]);
type Message = z.output<typeof message>;

/** What the CLI's `listen` does, seen when 1.52.0 was run against this simulator. */
describe('listen, the CLI’s door to events', () => {
  let simulator: Simulator;
  let heard: Message[];
  let sockets: WebSocket[];
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  beforeEach(() => {
    heard = [];
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    await simulator.post('/_simulator/reset', {});
  });
  afterAll(() => simulator.stop());

  async function open(features = ['webhooks'], at = simulator.url) {
    const answer = await fetch(`${at}/v1/stripecli/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secretKey}` },
      body: new URLSearchParams([
        ['device_name', 'a laptop'],
        ...features.map((feature): [string, string] => ['websocket_features[]', feature]),
      ]),
    });
    return session.parse(await answer.json());
  }

  async function listen(features?: string[]) {
    const { websocket_id: id, websocket_url: url } = await open(features);
    const socket = new WebSocket(`${url}?websocket_feature=webhooks`, { headers: { 'websocket-id': id } });
    sockets.push(socket);
    socket.on('message', (data: Buffer) => heard.push(message.parse(JSON.parse(data.toString('utf8')))));
    await once(socket, 'open');
    return socket;
  }

  async function untilHeard(count: number): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (heard.length < count && Date.now() < deadline) await turn();
    expect(heard).toHaveLength(count);
  }

  it('hears each event in the account’s version and in the newest, signed like a delivery', async () => {
    await simulator.post('/_simulator/settings', { api_version: '2024-06-20' });
    await listen();
    await simulator.stripe.customers.create({ name: 'Ada' });
    await untilHeard(2);
    const versions = heard.map((one) => one.type === 'webhook_event' && one.endpoint.api_version);
    expect(versions).toEqual([null, '2026-10-28.endive']);
    const events = heard.flatMap((one) => {
      if (one.type !== 'webhook_event') return [];
      const { event_payload: payload, http_headers: sent } = one;
      return new Stripe(secretKey).webhooks.constructEvent(payload, sent['stripe-signature'], webhookSecret);
    });
    expect(events.map(({ type, api_version }) => [type, api_version])).toEqual([
      ['customer.created', '2024-06-20'],
      ['customer.created', '2026-10-28.endive'],
    ]);
  });

  it('hears thin events if that is what it asked for', async () => {
    await listen(['v2_events']);
    const { id } = await simulator.stripe.customers.create({});
    await untilHeard(1);
    const [thin] = heard;
    if (thin?.type !== 'v2_event') throw new Error('no thin event came');
    const sent = thin.http_headers['stripe-signature'];
    const notification = new Stripe(secretKey).parseEventNotification(thin.payload, sent, webhookSecret);
    expect(notification).toMatchObject({ type: 'v1.customer.created', related_object: { id } });
    expect(await simulator.stripe.v2.core.events.retrieve(notification.id)).toMatchObject({ id: notification.id });
  });

  it('hears an event again when it is sent again, and so does the endpoint', async () => {
    await simulator.stripe.customers.create({});
    await settle(simulator);
    const [event] = (await simulator.stripe.events.list()).data;
    await listen();
    const already = simulator.received.length;
    await simulator.stripe.rawRequest('POST', `/v1/events/${event?.id}/retry`, { for_stripecli: true });
    await untilHeard(2);
    await settle(simulator);
    expect(simulator.received.slice(already).map((received) => received.event.id)).toEqual([event?.id]);
  });

  it('signs with the secret that it names, which is the endpoint’s', async () => {
    expect((await open()).secret).toBe(webhookSecret);
  });

  it('does not let in whoever has no session, in the words by which the CLI begins another', async () => {
    const { websocket_url: url } = await open();
    const socket = new WebSocket(url, { headers: { 'websocket-id': 'cliws_made_up' } });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response).toMatchObject({ statusCode: 404 });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString('utf8'))).toEqual({ error: { message: 'Unknown WebSocket ID.' } });
  });

  it('is cut off when the simulator stops, which it does not wait for', async () => {
    const other = await startSimulator();
    const { websocket_id: id, websocket_url: url } = await open(['webhooks'], other.url);
    const socket = new WebSocket(url, { headers: { 'websocket-id': id } });
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await other.stop();
    await closed;
  });
});
