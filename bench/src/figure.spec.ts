import { describe, expect, it } from '@jest/globals';
import { atLeast, atMost, figure, median, quantile } from './figure.js';

describe('a quantile', () => {
  it.each([
    [[7], 0.99, 7],
    [[1, 2, 3, 4, 5], 0.5, 3],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[10, 20], 0.75, 17.5],
    [[3, 1, 2], 0, 1],
    [[3, 1, 2], 1, 3],
  ])('of %j at %d is %d', (values, q, expected) => {
    expect(quantile(values, q)).toBeCloseTo(expected, 10);
  });

  it('leaves the values in their order', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is refused', () => {
    expect(() => quantile([], 0.5)).toThrow('no values');
  });
});

describe('a figure', () => {
  it('is judged as it is shown: rounded to four digits', () => {
    expect(figure('a', 0.899_96, 'ratio', atLeast(0.9))).toEqual({
      figure: 'a',
      value: 0.9,
      unit: 'ratio',
      goal: '>= 0.9',
      holds: true,
    });
    expect(figure('b', 160.2, 'MB', atMost(160))).toMatchObject({ goal: '<= 160', holds: false });
    expect(figure('c', 333.301, 'events/s', atLeast(1_000 / 3))).toMatchObject({ goal: '>= 333.3', holds: true });
  });

  it('without a goal neither holds nor misses', () => {
    expect(figure('d', 12_345.6, 'events/s')).toMatchObject({ value: 12_350, goal: null, holds: null });
  });
});
