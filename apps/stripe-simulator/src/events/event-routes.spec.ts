import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { settle, startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

const hour = 3600;

describe('the list of events, for whoever catches up on what was never delivered', () => {
  let simulator: Simulator;
  /** Every event, oldest first: a customer an hour, created and then renamed; only what makes them is lost. */
  let all: Stripe.Event[];
  let lost: string[];

  beforeAll(async () => {
    simulator = await startSimulator();
    const knobs = { types: ['customer.created'], drop: {} };
    await simulator.post('/_simulator/chaos', { seed: 1, deliveries: knobs });
    for (let nth = 1; nth <= 5; nth += 1) {
      const { id } = await simulator.stripe.customers.create({ name: `Customer ${nth}` });
      await simulator.stripe.customers.update(id, { name: `Renamed ${nth}` });
      await simulator.post('/_simulator/advance', { seconds: hour, wait_for_deliveries: true });
    }
    await settle(simulator);
    all = (await simulator.stripe.events.list({ limit: 100 })).data.toReversed();
    lost = all.filter(({ type }) => type === 'customer.created').map(({ id }) => id);
  });
  afterAll(() => simulator.stop());

  const list = async (filter: Stripe.EventListParams) => {
    const { data, has_more } = await simulator.stripe.events.list(filter);
    return { ids: data.map(({ id }) => id), has_more };
  };
  const idAt = (index: number) => all[index]?.id ?? '';

  it('tells what was lost from what has arrived', async () => {
    expect(lost).toHaveLength(5);
    expect((await list({ delivery_success: false })).ids).toEqual(lost.toReversed());
    const arrived = simulator.received.map(({ event }) => event.id).toReversed();
    expect((await list({ delivery_success: true })).ids.toSorted()).toEqual(arrived.toSorted());
    expect(all.map(({ pending_webhooks }) => pending_webhooks)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it('pages backwards from the newest', async () => {
    const [fifth = '', fourth = '', third = '', second = '', first = ''] = lost.toReversed();
    const newest = await list({ delivery_success: false, limit: 2 });
    expect(newest).toEqual({ ids: [fifth, fourth], has_more: true });
    const middle = await list({ delivery_success: false, limit: 2, starting_after: fourth });
    expect(middle).toEqual({ ids: [third, second], has_more: true });
    const last = await list({ delivery_success: false, limit: 2, starting_after: second });
    expect(last).toEqual({ ids: [first], has_more: false });
  });

  it('pages forwards from a cursor, the nearest page first, each page newest first', async () => {
    const [, , third = '', fourth = '', fifth = ''] = lost;
    // The cursor itself was delivered, so the filter leaves it out.
    const near = await list({ delivery_success: false, limit: 2, ending_before: idAt(3) });
    expect(near).toEqual({ ids: [fourth, third], has_more: true });
    const rest = await list({ delivery_success: false, limit: 2, ending_before: fourth });
    expect(rest).toEqual({ ids: [fifth], has_more: false });
    expect(await list({ delivery_success: false, ending_before: idAt(9) })).toEqual({ ids: [], has_more: false });
  });

  it('is walked forwards to its end by the official SDK', async () => {
    const pages = simulator.stripe.events.list({ delivery_success: false, limit: 2, ending_before: lost[0] ?? '' });
    const walked = await pages.autoPagingToArray({ limit: 100 });
    expect(walked.map(({ id }) => id)).toEqual(lost.slice(1));
  });

  it('combines types and times with what was not delivered', async () => {
    const since = all[4]?.created ?? 0;
    const filter = { delivery_success: false, created: { gte: since } };
    expect((await list(filter)).ids).toEqual(lost.slice(2).toReversed());
    expect((await list({ ...filter, created: { gte: since, lt: since + hour } })).ids).toEqual([lost[2]]);
    expect((await list({ ...filter, types: ['customer.created', 'invoice.paid'] })).ids).toHaveLength(3);
    expect((await list({ ...filter, types: ['customer.updated'] })).ids).toEqual([]);
  });

  it('refuses a cursor that names no event, and says which parameter it was', async () => {
    const wrong = simulator.stripe.events.list({ ending_before: 'evt_made_up' });
    await expect(wrong).rejects.toMatchObject({ statusCode: 400, param: 'ending_before', code: 'resource_missing' });
  });

  it('answers the same rest of the list whatever is made in between', async () => {
    const before = await list({ limit: 3 });
    const expected = await list({ limit: 100, starting_after: before.ids[2] ?? '' });
    await simulator.stripe.customers.create({ name: 'Newcomer' });
    expect(await list({ limit: 100, starting_after: before.ids[2] ?? '' })).toEqual(expected);
  });

  // The last one: it moves the clock.
  it('forgets events after 30 days, as a cursor too', async () => {
    await simulator.post('/_simulator/advance', { to: (all[4]?.created ?? 0) + 30 * 24 * hour });
    expect((await list({ limit: 100 })).ids).not.toContain(idAt(3));
    expect((await list({ limit: 100, ending_before: idAt(4) })).ids).toContain(idAt(5));
    const stale = simulator.stripe.events.list({ ending_before: idAt(3) });
    await expect(stale).rejects.toMatchObject({ statusCode: 400, param: 'ending_before', code: 'resource_missing' });
    await expect(simulator.stripe.events.retrieve(idAt(3))).rejects.toMatchObject({ statusCode: 404 });
  });
});
