import { afterEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import {
  openCheckout,
  payingForm,
  settle,
  startSimulator,
  submit,
  subscribe,
  webhookSecret,
} from '../start-simulator.spec-support.js';
import type { Endpoint, Simulator } from '../start-simulator.spec-support.js';
import { retryDelay } from './delivery.js';

const createCustomers = ({ stripe }: Simulator, count: number) =>
  Promise.all(Array.from({ length: count }, () => stripe.customers.create({})));

/** Each look is a request of its own, so time passes for the deliveries too. */
async function untilReceived(simulator: Simulator, count: number): Promise<void> {
  while (simulator.received.length < count) await simulator.stripe.prices.list();
}

describe('deliveries', () => {
  let simulator: Simulator | undefined;
  afterEach(() => simulator?.stop());
  const start = async (endpoint?: Endpoint) => (simulator = await startSimulator(endpoint));

  it('are signed over their exact bytes, with the real time, and verify with the official SDK', async () => {
    const running = await start();
    await running.post('/_simulator/advance', { seconds: 40 * 24 * 3600 });
    await running.stripe.customers.create({ name: 'Zoë “Ω”' });
    await settle(running);
    // The endpoint has already checked it with stripe.webhooks.constructEvent, which wants a recent time.
    const [delivery] = running.received;
    const [, time = '', signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(delivery?.signature ?? '') ?? [];
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
    const expected = createHmac('sha256', webhookSecret).update(`${time}.${delivery?.body}`).digest('hex');
    expect(signature).toBe(expected);
    expect(delivery?.event).toMatchObject({
      type: 'customer.created',
      livemode: false,
      api_version: '2026-10-28.endive',
    });
    expect(delivery?.event.created).toBeGreaterThan(Number(time) + 39 * 24 * 3600);
  });

  it.each([500, 302])(
    'are tried again after %i with a fresh signature, and count as pending until they succeed',
    async (status) => {
      const running = await start((_delivery, nth) => (nth === 1 ? status : 200));
      const { id } = await running.stripe.customers.create({}, { idempotencyKey: 'mine' });
      const pendingOf = async () =>
        (await running.stripe.events.list({ type: 'customer.created' })).data[0]?.pending_webhooks;
      expect(await pendingOf()).toBe(1);
      await settle(running);
      const [first, second] = running.received;
      expect(running.received).toHaveLength(2);
      expect(second?.body).toBe(first?.body);
      expect(second?.signature).not.toBe(first?.signature);
      expect(first?.event).toMatchObject({
        data: { object: { id } },
        request: { idempotency_key: 'mine' },
        pending_webhooks: 1,
      });
      expect(await pendingOf()).toBe(0);
      const { data } = await running.stripe.events.list({ delivery_success: false });
      expect(data).toEqual([]);
    },
  );

  it('wait longer after each failure, and at most a minute', () => {
    expect([1, 2, 3, 6, 7, 12].map(retryDelay)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });

  it('go to a healthy endpoint at most eight at a time', async () => {
    const gate = Promise.withResolvers<number>();
    const running = await start(() => gate.promise);
    await createCustomers(running, 20);
    await untilReceived(running, 8);
    await createCustomers(running, 5);
    expect(running.received).toHaveLength(8);
    gate.resolve(200);
    await settle(running);
    expect(running.received).toHaveLength(25);
  });

  it('go to the endpoint as many at a time as told', async () => {
    const gate = Promise.withResolvers<number>();
    simulator = await startSimulator(() => gate.promise, { WEBHOOK_CONCURRENCY: '3' });
    await createCustomers(simulator, 10);
    await untilReceived(simulator, 3);
    await createCustomers(simulator, 5);
    expect(simulator.received).toHaveLength(3);
    gate.resolve(200);
    await settle(simulator);
    expect(simulator.received).toHaveLength(15);
  });

  it('go to a failing endpoint one at a time, however many are waiting', async () => {
    const gate = Promise.withResolvers<number>();
    let failures = 0;
    const running = await start(() => (failures < 20 ? ((failures += 1), 503) : gate.promise));
    await createCustomers(running, 40);
    await untilReceived(running, 21);
    await createCustomers(running, 5);
    expect(running.received).toHaveLength(21);
    gate.resolve(200);
    await settle(running);
    expect(new Set(running.received.map(({ event }) => event.id)).size).toBe(45);
  });

  it('let the payer go on when the endpoint fails, as the event is tried again later', async () => {
    const running = await start(() => 500);
    const { pageUrl } = await openCheckout(running);
    expect((await submit(pageUrl, payingForm)).status).toBe(303);
  });

  it('can be sent twice on request', async () => {
    const running = await start();
    await running.stripe.customers.create({});
    await settle(running);
    const id = running.received[0]?.event.id ?? '';
    await running.post(`/_simulator/events/${id}/resend`, {});
    await settle(running);
    expect(running.received.map(({ event }) => event.id)).toEqual([id, id]);
  });

  it('leave events behind that can be listed by type, time and page, and retrieved for 30 days', async () => {
    const running = await start();
    const { stripe } = running;
    const { subscription } = await subscribe(running);
    const typesIn = async (filter: Parameters<typeof stripe.events.list>[0]) =>
      (await stripe.events.list(filter)).data.map(({ type }) => type);
    expect(await typesIn({ types: ['invoice.paid', 'customer.created'] })).toEqual([
      'invoice.paid',
      'customer.created',
    ]);
    expect(await typesIn({ type: 'customer.subscription.*' })).toEqual(['customer.subscription.created']);
    expect(await typesIn({ created: { gt: subscription.created } })).toEqual([]);
    const [newest] = (await stripe.events.list({ limit: 1 })).data;
    expect(newest?.type).toBe('invoice_payment.paid');
    expect((await stripe.events.list({ ending_before: newest?.id ?? '' })).data).toEqual([]);
    const [first] = (await stripe.events.list({ type: 'customer.created' })).data;
    expect((await stripe.events.retrieve(first?.id ?? '')).data).toEqual(first?.data);
    await running.post('/_simulator/advance', { seconds: 31 * 24 * 3600 });
    await expect(stripe.events.retrieve(first?.id ?? '')).rejects.toMatchObject({ statusCode: 404 });
  });
});
