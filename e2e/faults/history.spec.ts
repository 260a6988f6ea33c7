import { expect, it } from '@jest/globals';
import { generateHistory } from './history.js';
import { randomFrom } from './random.js';

const histories = Array.from({ length: 200 }, (_, seed) => generateHistory(`h${seed}`, seed, 1_790_000_000));

it('makes the same history from the same seed, and another from another', () => {
  expect(generateHistory('h7', 7, 1_790_000_000)).toEqual(histories[7]);
  expect(generateHistory('h7', 8, 1_790_000_000)).not.toEqual(histories[7]);
});

it('delivers every event, and at least thirty times in all', () => {
  for (const { events, deliveries } of histories) {
    expect(deliveries.length).toBeGreaterThanOrEqual(30);
    expect(new Set(deliveries)).toEqual(new Set(events));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  }
});

it('has ends, grace, renewals, ties within a second and customers known by their checkout alone', () => {
  const types = new Set(histories.flatMap(({ events }) => events.map(({ type }) => type)));
  expect([...types].toSorted()).toEqual([
    'checkout.session.completed',
    'customer.subscription.created',
    'customer.subscription.deleted',
    'customer.subscription.updated',
    'customer.updated',
    'invoice.paid',
    'invoice.payment_failed',
    'invoice.payment_succeeded',
  ]);
  const updatesOf = ({ events }: (typeof histories)[number]) =>
    events.filter(({ type }) => type === 'customer.subscription.updated').map(({ created }) => created);
  expect(histories.filter((each) => new Set(updatesOf(each)).size < updatesOf(each).length).length).toBeGreaterThan(50);
  expect(new Set(histories.map(({ truth }) => truth.status))).toEqual(new Set(['active', 'past_due', 'canceled']));
});

it('ends in the tier that its last state justifies', () => {
  for (const { truth, tiers } of histories) expect(tiers.at(-1)).toBe(truth.tier);
});

it('repeats its random numbers, within bounds', () => {
  const [one, two] = [randomFrom(5), randomFrom(5)];
  const drawn = Array.from({ length: 1000 }, () => one.between(3, 9));
  expect(Array.from({ length: 1000 }, () => two.between(3, 9))).toEqual(drawn);
  expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([3, 9]);
});
