import { describe, expect, it } from '@jest/globals';
import { aPrice } from '../catalogue/price.js';
import { periodEnd } from './period.js';

const price = (interval: 'month' | 'year') =>
  aPrice({ id: 'price_x', product: 'prod_x', lookupKey: 'x', amount: 1, interval, created: 0 });
const at = (day: string) => Date.parse(`${day}T10:00:00Z`) / 1000;

describe('a period', () => {
  it.each([
    ['month', '2026-11-23', '2026-11-23', '2026-12-23'],
    ['month', '2026-01-31', '2026-01-31', '2026-02-28'],
    ['month', '2026-01-31', '2026-02-28', '2026-03-31'],
    ['month', '2026-01-31', '2026-03-31', '2026-04-30'],
    ['month', '2026-12-31', '2027-01-31', '2027-02-28'],
    ['year', '2024-02-29', '2024-02-29', '2025-02-28'],
    ['year', '2024-02-29', '2027-02-28', '2028-02-29'],
  ] as const)('of a %s, anchored on %s, from %s ends on %s', (interval, anchor, start, end) => {
    expect(periodEnd(at(anchor), at(start), price(interval))).toBe(at(end));
  });
});
