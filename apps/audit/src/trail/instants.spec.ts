import { describe, expect, it, test } from '@jest/globals';
import { fromIso, toIso } from './instants.js';

describe('a moment as text', () => {
  test.each([0n, 1n, -1n, 1_795_000_000_123_456n, 1_709_164_800_000_000n])(
    'comes back as it was (%s)',
    (microseconds) => {
      expect(fromIso(toIso(microseconds))).toBe(microseconds);
    },
  );

  test.each([
    '2026-02-30T12:00:00.000000Z',
    '2026-02-29T12:00:00.000000Z',
    '2026-04-31T12:00:00.000000Z',
    '2026-13-01T12:00:00.000000Z',
    '2026-02-28T24:00:00.000000Z',
    '2026-02-28T23:60:00.000000Z',
    '2026-02-28T12:00:00.000Z',
    '2026-02-28T12:00:00.000000+00:00',
    '2026-02-28',
    '',
  ])('is none that toIso would not have written (%s)', (text) => {
    expect(fromIso(text)).toBeUndefined();
  });

  it('is one on a leap day', () => {
    expect(fromIso('2028-02-29T00:00:00.000001Z')).toBe(BigInt(Date.UTC(2028, 1, 29)) * 1_000n + 1n);
  });
});
