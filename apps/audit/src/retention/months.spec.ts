import { describe, expect, it } from '@jest/globals';
import { isOver, lastExpiredKeyMonth, monthOf } from './months.js';

describe('a month of the trail', () => {
  it.each([
    ['entry_2026_11', 'month/2026-11', '2026-12-01T00:00:00.000Z'],
    ['entry_2026_12', 'month/2026-12', '2027-01-01T00:00:00.000Z'],
    ['entry_2028_02', 'month/2028-02', '2028-03-01T00:00:00.000Z'],
  ])('%s has its key and its end', (partition, keyOwner, until) => {
    expect(monthOf(partition)).toEqual({ partition, keyOwner, until: new Date(until) });
  });

  it.each(['entry', 'entry_before', 'entry_2026', 'entry_words', 'entry_id', 'other_2026_11'])(
    'is not named %s',
    (name) => {
      expect(monthOf(name)).toBeUndefined();
    },
  );

  it.each([
    ['2028-01-04T23:59:59.999Z', false],
    ['2028-01-05T00:00:00.000Z', true],
  ])('is over at %s: %s, 400 days after its last moment', (now, expected) => {
    const month = monthOf('entry_2026_11');
    expect(month !== undefined && isOver(month, new Date(now), 400)).toBe(expected);
  });

  it.each([
    // 400 days before: 2026-11-30, 2026-12-01, 2027-01-01.
    ['2028-01-04T00:00:00Z', '2026-09'],
    ['2028-01-05T00:00:00Z', '2026-10'],
    ['2028-02-05T00:00:00Z', '2026-11'],
  ])('has a key that nobody needs a month after it is over: at %s up to %s', (now, month) => {
    expect(lastExpiredKeyMonth(new Date(now), 400)).toBe(month);
  });
});
