import { expect, it } from '@jest/globals';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  decliningForm,
  openCheckout,
  settle,
  startSimulator,
  submit,
  subscribe,
  webhookSecret,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

const tenDays = 10 * 24 * 3600;

/** Verifies by hand, not with the SDK: so that this says what is on the wire and not what a library makes of it. */
function isSigned(header: string, body: string): boolean {
  const fields = header.split(',').map((field) => field.split('='));
  const [, time = ''] = fields.find(([name]) => name === 't') ?? [];
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const expected = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest();
  return fields.some(([name, value = '']) => {
    const given = Buffer.from(value, 'hex');
    return name === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Takes what is rightly signed and refuses the rest with 400. */
async function startReceiver() {
  const taken: string[] = [];
  const refused: string[] = [];
  const take = async (request: IncomingMessage): Promise<boolean> => {
    // What broke off has no signature that holds.
    const body = await text(request).catch(() => '');
    const isGood = isSigned(String(request.headers['stripe-signature']), body);
    (isGood ? taken : refused).push(/"id": "(evt_\w+)"/.exec(body)?.[1] ?? '');
    return isGood;
  };
  const server = createServer((request, response) => {
    void take(request).then((isGood) => response.writeHead(isGood ? 200 : 400).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return { taken, refused, url: `http://127.0.0.1:${address.port}/webhook/stripe`, stop: () => server.close() };
}

/** Reads the list of events, as whoever catches up does in time: an event is listed for 30 days. */
async function catchUp(simulator: Simulator, undelivered: Map<string, boolean>): Promise<void> {
  await settle(simulator);
  const events = await simulator.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  const lost = await simulator.stripe.events.list({ delivery_success: false }).autoPagingToArray({ limit: 1000 });
  const lostIds = new Set(lost.map(({ id }) => id));
  for (const { id } of events) undelivered.set(id, lostIds.has(id));
}

/** Subscribes, is declined, changes the plan, cancels, thinks better of it, renews twice, and goes. */
async function playStory(simulator: Simulator, undelivered: Map<string, boolean>): Promise<void> {
  const { stripe } = simulator;
  const { subscription } = await subscribe(simulator);
  const { pageUrl } = await openCheckout(simulator);
  expect((await submit(pageUrl, decliningForm)).status).toBe(402);
  const [item] = subscription.items.data;
  await stripe.subscriptions.update(subscription.id, {
    items: [{ id: item?.id ?? '', price: 'price_elite_monthly' }],
    proration_behavior: 'none',
  });
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
  for (let step = 1; step <= 7; step += 1) {
    await catchUp(simulator, undelivered);
    await simulator.post('/_simulator/advance', { seconds: tenDays });
  }
  await stripe.subscriptions.cancel(subscription.id);
  await catchUp(simulator, undelivered);
}

it('loses nothing of a story told under chaos but what it dropped, which the list of events still has', async () => {
  const receiver = await startReceiver();
  const simulator = await startSimulator(undefined, { WEBHOOK_URL: receiver.url });
  try {
    const deliveries = {
      duplicate: { probability: 0.3, copies: 2, concurrent: true },
      shuffle: { events: 8, ms: 50 },
      drop: { probability: 0.1 },
      drop_first_attempts: { probability: 0.2 },
      bad_signature: { probability: 0.1 },
      cut: { probability: 0.1 },
      retry_after_ms: 20,
    };
    const began = await simulator.post('/_simulator/chaos', { seed: 20, deliveries });
    expect(began).toMatchObject({ status: 200 });
    const undelivered = new Map<string, boolean>();
    for (let nth = 0; nth < 4; nth += 1) await playStory(simulator, undelivered);

    expect(await simulator.get('/_simulator/state')).toMatchObject({ counts: { events: undelivered.size } });
    expect(undelivered.size).toBeGreaterThan(100);
    const ids = [...undelivered.keys()];
    expect(new Set(receiver.taken)).toEqual(new Set(ids.filter((id) => !undelivered.get(id))));
    const dropped = ids.filter((id) => undelivered.get(id));

    const state = await simulator.get('/_simulator/chaos');
    const copies = receiver.taken.length - new Set(receiver.taken).size;
    const done = { dropped: dropped.length, duplicated: copies };
    expect(state).toMatchObject({ done });
    expect(JSON.stringify(state)).not.toMatch(/"(shuffled|lost_attempts|bad_signature|cut)":0/);
    expect(Math.min(dropped.length, copies, receiver.refused.length)).toBeGreaterThan(0);
  } finally {
    await simulator.stop();
    receiver.stop();
  }
});
