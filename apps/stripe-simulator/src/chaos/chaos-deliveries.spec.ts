import { afterEach, describe, expect, it } from '@jest/globals';
import {
  openCheckout,
  payingForm,
  settle,
  startSimulator,
  submit,
  webhookSecret,
} from '../start-simulator.spec-support.js';
import type { Endpoint, Simulator } from '../start-simulator.spec-support.js';

const threeDays = 3 * 24 * 3600;

describe('chaos on deliveries', () => {
  let simulator: Simulator | undefined;
  afterEach(() => simulator?.stop());

  const startWith = async (
    deliveries: object,
    { endpoint, settings }: { endpoint?: Endpoint; settings?: Record<string, string> } = {},
  ) => {
    simulator = await startSimulator(endpoint, settings);
    const answer = await simulator.post('/_simulator/chaos', { seed: 1, deliveries });
    expect(answer).toMatchObject({ status: 200, body: { seed: 1 } });
    return simulator;
  };
  const endChaos = async ({ url }: Simulator): Promise<unknown> =>
    (await fetch(`${url}/_simulator/chaos`, { method: 'DELETE' })).json();
  const done = async (running: Simulator, expected: Record<string, unknown>) =>
    expect(await running.get('/_simulator/chaos')).toMatchObject({ done: expected });
  const attempts = async (running: Simulator, expected: object[]) =>
    expect(await running.get('/_simulator/deliveries')).toMatchObject({ deliveries: [{ attempts: expected }] });
  const createCustomers = async ({ stripe }: Simulator, count: number) => {
    for (let nth = 1; nth <= count; nth += 1) await stripe.customers.create({ name: `Customer ${nth}` });
  };
  const idsOf = ({ received }: Simulator) => received.map(({ event }) => event.id);
  const listedIds = async ({ stripe }: Simulator) =>
    (await stripe.events.list({ limit: 100 })).data.map(({ id }) => id).toReversed();

  it('duplicates events, each copy after the one before it was taken', async () => {
    const running = await startWith({ duplicate: { copies: 2 } });
    await createCustomers(running, 3);
    await settle(running);
    const ids = await listedIds(running);
    expect(idsOf(running).toSorted()).toEqual(ids.flatMap((id) => [id, id, id]).toSorted());
    await done(running, { duplicated: 6 });
    expect((await running.stripe.events.list({ delivery_success: false })).data).toEqual([]);
  });

  it('sends copies at the same time if told so', async () => {
    const gate = Promise.withResolvers<number>();
    const running = await startWith({ duplicate: { copies: 4, concurrent: true } }, { endpoint: () => gate.promise });
    await createCustomers(running, 1);
    while (running.received.length < 5) await running.stripe.prices.list();
    expect(new Set(idsOf(running)).size).toBe(1);
    gate.resolve(200);
    await settle(running);
    expect(running.received).toHaveLength(5);
  });

  it('shuffles up to so many events', async () => {
    const oneByOne = { settings: { WEBHOOK_CONCURRENCY: '1' } };
    const running = await startWith({ shuffle: { events: 10, ms: 60_000 } }, oneByOne);
    await createCustomers(running, 10);
    await settle(running);
    const ids = await listedIds(running);
    expect(idsOf(running)).not.toEqual(ids);
    expect(idsOf(running).toSorted()).toEqual(ids.toSorted());
    const moved = idsOf(running).filter((id, index) => id !== ids[index]).length;
    await done(running, { shuffled: moved });
  });

  it('holds an event that nothing follows back for so many milliseconds only', async () => {
    const running = await startWith({ shuffle: { events: 10, ms: 30 } });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received).toHaveLength(1);
  });

  it('drops events for good: they are listed as undelivered, and can be sent again by hand', async () => {
    const running = await startWith({ types: ['customer.created'], drop: {} });
    await createCustomers(running, 2);
    await settle(running);
    expect(running.received).toEqual([]);
    await done(running, { dropped: 2 });
    const undelivered = (await running.stripe.events.list({ delivery_success: false })).data;
    expect(undelivered).toMatchObject([{ pending_webhooks: 1 }, { pending_webhooks: 1 }]);
    await endChaos(running);
    await running.post(`/_simulator/events/${undelivered[0]?.id}/resend`, {});
    await settle(running);
    expect(idsOf(running)).toEqual([undelivered[0]?.id]);
  });

  it('loses the first attempts of an event on their way', async () => {
    const running = await startWith({ drop_first_attempts: { attempts: 2 }, retry_after_ms: 5 });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received).toHaveLength(1);
    const lost = { status: null, error: 'lost (chaos)' };
    await attempts(running, [lost, lost, { status: 200, error: null }]);
    await done(running, { lost_attempts: 2 });
  });

  it('signs one attempt with a wrong secret and the next one right', async () => {
    const running = await startWith({ bad_signature: {}, retry_after_ms: 5 });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.noted.refused).toHaveLength(1);
    expect(running.received).toHaveLength(1);
    await attempts(running, [{ status: 400 }, { status: 200 }]);
    await done(running, { bad_signature: 1 });
  });

  it('breaks the connection in the middle of the body and sends the event again', async () => {
    const running = await startWith({ cut: {}, retry_after_ms: 5 });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.noted.cutOff).toBe(1);
    expect(running.received).toHaveLength(1);
    await attempts(running, [{ status: null, error: 'cut (chaos)' }, { status: 200 }]);
    await done(running, { cut: 1 });
  });

  it('does not take its own faults for those of the endpoint: the rest still goes eight at a time', async () => {
    const gate = Promise.withResolvers<number>();
    const running = await startWith({ bad_signature: {}, retry_after_ms: 5 }, { endpoint: () => gate.promise });
    await createCustomers(running, 10);
    while (running.received.length < 8) await running.stripe.prices.list();
    expect(running.noted.refused.length).toBeGreaterThanOrEqual(8);
    gate.resolve(200);
    await settle(running);
    expect(running.received).toHaveLength(10);
  });

  it('delays events in real time', async () => {
    const running = await startWith({ delay: { min_ms: 80, max_ms: 80 } });
    const before = Date.now();
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received).toHaveLength(1);
    expect(Date.now() - before).toBeGreaterThanOrEqual(80);
    await done(running, { delayed: 1 });
  });

  it('delays events by days of the account’s clock, and never holds up who waits for deliveries', async () => {
    const running = await startWith({ delay: { min_seconds: threeDays, max_seconds: threeDays } });
    await createCustomers(running, 2);
    await settle(running);
    expect(running.received).toEqual([]);
    await running.post('/_simulator/advance', { seconds: threeDays, wait_for_deliveries: true });
    expect(idsOf(running)).toEqual(await listedIds(running));
  });

  it('lets a payer go on before the held back event has arrived', async () => {
    const running = await startWith({
      types: ['checkout.*'],
      delay: { max_seconds: threeDays, min_seconds: threeDays },
    });
    const { pageUrl } = await openCheckout(running);
    expect((await submit(pageUrl, payingForm)).status).toBe(303);
    await settle(running);
    expect(running.received.map(({ event }) => event.type)).not.toContain('checkout.session.completed');
  });

  it('signs with the secret from before a rotation only', async () => {
    const settings = { STRIPE_WEBHOOK_SECRET: `whsec_newer_made_up,${webhookSecret}` };
    const running = await startWith({ old_secret: {} }, { settings });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received[0]?.signature).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
    await done(running, { old_secret: 1 });
  });

  it('signs with both secrets of a rotation', async () => {
    const running = await startWith({ old_secret: { secret: 'whsec_older_made_up', with_current: true } });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received[0]?.signature).toMatch(/^t=\d+(,v1=[0-9a-f]{64}){2}$/);
  });

  it('sends a thin event beside its snapshot, which can be fetched like the object it names', async () => {
    const running = await startWith({ thin: {} });
    const customer = await running.stripe.customers.create({}, { idempotencyKey: 'mine' });
    await settle(running);
    const [thin] = running.noted.thin;
    expect(thin).toMatchObject({
      type: 'v1.customer.created',
      livemode: false,
      related_object: { id: customer.id, type: 'customer', url: `/v1/customers/${customer.id}` },
      reason: { type: 'request', request: { idempotency_key: 'mine' } },
      snapshot_event: running.received[0]?.event.id,
    });
    expect(await running.stripe.v2.core.events.retrieve(thin?.id ?? '')).toMatchObject({ type: 'v1.customer.created' });
    await done(running, { thin: 1 });
  });

  it('strikes only events of the types given', async () => {
    const running = await startWith({ types: ['invoice.*'], drop: {} });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received).toHaveLength(1);
    await done(running, { dropped: 0 });
  });

  it('ends on DELETE: what was held back is sent, what follows goes in order, the counts stay', async () => {
    const knobs = { shuffle: { events: 100, ms: 60_000 }, drop: { probability: 0.4 } };
    const running = await startWith(knobs, { settings: { WEBHOOK_CONCURRENCY: '1' } });
    await createCustomers(running, 10);
    expect(running.received).toEqual([]);
    expect(await endChaos(running)).toMatchObject({ config: null, seed: null, done: { dropped: expect.any(Number) } });
    await settle(running);
    const sofar = running.received.length;
    expect(sofar).toBeGreaterThan(0);
    await done(running, { dropped: 10 - sofar });
    await createCustomers(running, 5);
    await settle(running);
    expect(idsOf(running).slice(sofar)).toEqual((await listedIds(running)).slice(10));
  });

  it('ends on reset, counts and all', async () => {
    const running = await startWith({ drop: {} });
    await createCustomers(running, 1);
    await running.post('/_simulator/reset', {});
    expect(await running.get('/_simulator/chaos')).toMatchObject({ config: null, done: { dropped: 0 } });
    await createCustomers(running, 1);
    await settle(running);
    expect(running.received).toHaveLength(1);
  });

  it('decides the same for the same seed, and otherwise for another, however many are on their way at once', async () => {
    const knobs = { drop: { probability: 0.3 }, bad_signature: { probability: 0.3 }, retry_after_ms: 1 };
    const running = await startWith({});
    const arrivedWith = async (seed: number, isConcurrent: boolean) => {
      await running.post('/_simulator/reset', {});
      running.received.splice(0);
      running.noted.refused.splice(0);
      await running.post('/_simulator/chaos', { seed, deliveries: knobs });
      await createCustomers(running, isConcurrent ? 0 : 30);
      if (isConcurrent) await Promise.all(Array.from({ length: 30 }, () => running.stripe.customers.create({})));
      await settle(running);
      const events = await listedIds(running);
      const arrived = idsOf(running);
      return {
        arrived: events.map((id) => arrived.includes(id)),
        refused: events.map((id) => running.noted.refused.some((body) => body.includes(id))),
      };
    };
    const first = await arrivedWith(5, false);
    expect(new Set(first.arrived)).toEqual(new Set([true, false]));
    expect(new Set(first.refused)).toEqual(new Set([true, false]));
    expect(await arrivedWith(5, true)).toEqual(first);
    expect(await arrivedWith(6, false)).not.toEqual(first);
  });
});

describe('without chaos', () => {
  it('every event is sent once, in order, at the first attempt, and nothing is counted', async () => {
    const running = await startSimulator(undefined, { WEBHOOK_CONCURRENCY: '1' });
    try {
      for (let nth = 1; nth <= 20; nth += 1) await running.stripe.customers.create({});
      await settle(running);
      const events = (await running.stripe.events.list({ limit: 100 })).data.toReversed();
      expect(running.received.map(({ event }) => event.id)).toEqual(events.map(({ id }) => id));
      expect(running.noted).toEqual({ refused: [], thin: [], cutOff: 0 });
      const state = await running.get('/_simulator/chaos');
      expect(state).toMatchObject({ config: null, seed: null });
      expect(JSON.stringify(state)).not.toMatch(/: ?[1-9]/);
    } finally {
      await running.stop();
    }
  });
});
