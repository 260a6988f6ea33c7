import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { settle, startSimulator } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('events that are never made', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterEach(async () => {
    await simulator.post('/_simulator/reset', {});
    simulator.received.length = 0;
  });
  afterAll(() => simulator.stop());

  /** The numbers of the customers, of `count`, that an event tells of. */
  async function toldOf(count: number, seed: number): Promise<number[]> {
    await simulator.post('/_simulator/reset', {});
    await simulator.post('/_simulator/chaos', { seed, omit: { types: ['customer.created'], probability: 0.3 } });
    for (let nth = 0; nth < count; nth += 1) await simulator.stripe.customers.create({ name: String(nth) });
    const { data } = await simulator.stripe.events.list({ limit: 100, type: 'customer.created' });
    return data.map(({ data: { object } }) => Number('name' in object && object.name)).toReversed();
  }

  it('are neither sent nor listed nor to be sent again, while the object is there', async () => {
    await simulator.post('/_simulator/chaos', { omit: { types: ['customer.created'] } });
    const { id } = await simulator.stripe.customers.create({ name: 'Ada' });
    await simulator.stripe.customers.update(id, { name: 'Ada Lovelace' });
    await settle(simulator);
    expect(simulator.received.map(({ event }) => event.type)).toEqual(['customer.updated']);
    const { data } = await simulator.stripe.events.list();
    expect(data.map(({ type }) => type)).toEqual(['customer.updated']);
    expect((await simulator.stripe.events.list({ delivery_success: false })).data).toEqual([]);
    expect((await simulator.stripe.customers.retrieve(id)).id).toBe(id);
    expect(await simulator.get('/_simulator/chaos')).toMatchObject({ done: { omitted: 1, dropped: 0 } });
  });

  it('are a share, the same one for the same seed', async () => {
    const told = await toldOf(60, 5);
    expect(told.length).toBeGreaterThan(30);
    expect(told.length).toBeLessThan(54);
    expect(await toldOf(60, 5)).toEqual(told);
    expect(await toldOf(60, 6)).not.toEqual(told);
  });

  it('are made again once chaos is over', async () => {
    await simulator.post('/_simulator/chaos', { omit: {} });
    await simulator.stripe.customers.create({});
    await fetch(`${simulator.url}/_simulator/chaos`, { method: 'DELETE' });
    await simulator.stripe.customers.create({});
    expect((await simulator.stripe.events.list()).data).toHaveLength(1);
  });
});
