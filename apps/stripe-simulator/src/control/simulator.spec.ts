import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openCheckout, settle, startSimulator, subscribe } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('the simulator’s own door', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  beforeEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());

  const get = async (path: string): Promise<unknown> => (await fetch(simulator.url + path)).json();
  const advance = (body: object) => simulator.post('/_simulator/advance', body);

  it('moves the clock by seconds, to a Unix time and to an ISO time', async () => {
    const start = Math.floor(Date.now() / 1000);
    const near = (time: number) => ({ now: expect.closeTo(time, -2) });
    expect((await advance({ seconds: 1000 })).body).toMatchObject(near(start + 1000));
    expect((await advance({ to: start + 5000 })).body).toMatchObject(near(start + 5000));
    const to = new Date((start + 9000) * 1000).toISOString();
    expect((await advance({ to })).body).toMatchObject(near(start + 9000));
  });

  it.each([
    ['backwards', { to: 1 }],
    ['by a negative time', { seconds: -1 }],
    ['by a thousand years', { seconds: 1000 * 366 * 86_400 }],
    ['by nothing', {}],
    ['two ways at once', { seconds: 1, to: 4_000_000_000 }],
    ['by an unknown field', { hours: 1 }],
  ])('refuses to move the clock %s', async (_name, body) => {
    const answer = await advance(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toHaveProperty('error.message');
  });

  it('expires Checkout sessions a day after they were opened', async () => {
    const { session } = await openCheckout(simulator);
    await advance({ seconds: 24 * 3600 });
    expect((await simulator.stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
  });

  it('shows every object and how many there are', async () => {
    const { customer, subscription } = await subscribe(simulator);
    expect(await get('/_simulator/state')).toMatchObject({
      counts: { customers: 1, subscriptions: 1, invoices: 1, checkout_sessions: 1, events: 10 },
      customers: [{ id: customer.id }],
      subscriptions: [{ id: subscription.id }],
    });
  });

  it('shows what has been delivered', async () => {
    await simulator.stripe.customers.create({});
    await settle(simulator);
    expect(await get('/_simulator/deliveries')).toMatchObject({
      pending: 0,
      by_state: { delivered: 1 },
      deliveries: [{ type: 'customer.created', state: 'delivered', attempts: [{ status: 200, error: null }] }],
    });
  });

  it('forgets everything and returns to the real time on reset', async () => {
    await subscribe(simulator);
    await advance({ seconds: 86_400 });
    await simulator.post('/_simulator/reset', {});
    expect(await get('/_simulator/state')).toMatchObject({
      now: expect.closeTo(Date.now() / 1000, -2),
      counts: { customers: 0, subscriptions: 0, events: 0 },
    });
    expect((await simulator.stripe.prices.list()).data).toHaveLength(4);
  });

  it('is healthy', async () => {
    expect(await get('/_simulator/health')).toMatchObject({ status: 'ok' });
  });

  it('shows an index page whose buttons move the clock', async () => {
    await subscribe(simulator);
    const before = Date.now() / 1000;
    const pressed = await fetch(`${simulator.url}/_simulator/advance`, {
      method: 'POST',
      body: new URLSearchParams({ seconds: '86400' }),
    });
    expect(pressed.url).toBe(`${simulator.url}/`);
    const html = await pressed.text();
    expect(html).toContain('customer.subscription.created');
    expect(html).toContain('4000 0000 0000 0002');
    expect(await get('/_simulator/health')).toMatchObject({ now: expect.closeTo(before + 86_400, -2) });
  });
});
