import { describe, expect, it } from '@jest/globals';
import { nextBatch } from './batch.js';

const limits = { size: 10, bytes: 1_000, lingerMs: { busy: 20, idle: 2 } };
const small = (count: number): number[] => Array.from({ length: count }, () => 50);
const asWaiting = ({
  sizes,
  oldestArrivedAt,
  isBusy = true,
}: {
  sizes: number[];
  oldestArrivedAt: number;
  isBusy?: boolean;
}) => ({
  count: sizes.length,
  isBusy,
  sizeOf: (index: number) => sizes[index] ?? Number.NaN,
  oldestArrivedAt,
});

describe('nextBatch', () => {
  it.each([
    ['nothing waits', { sizes: small(0), oldestArrivedAt: 0 }, 1_000, false, { kind: 'idle' }],
    [
      'the oldest has not lingered',
      { sizes: small(3), oldestArrivedAt: 1_000 },
      1_005,
      false,
      { kind: 'wait', ms: 15 },
    ],
    ['the oldest has lingered', { sizes: small(3), oldestArrivedAt: 1_000 }, 1_020, false, { kind: 'take', count: 3 }],
    [
      'the oldest has lingered beside nothing',
      { sizes: small(3), oldestArrivedAt: 1_000, isBusy: false },
      1_002,
      false,
      { kind: 'take', count: 3 },
    ],
    ['it is full', { sizes: small(10), oldestArrivedAt: 1_000 }, 1_000, false, { kind: 'take', count: 10 }],
    ['more wait than fit', { sizes: small(25), oldestArrivedAt: 1_000 }, 1_000, false, { kind: 'take', count: 10 }],
    [
      'the next would make it too large',
      { sizes: [600, 300, 200], oldestArrivedAt: 1_000 },
      1_000,
      false,
      { kind: 'take', count: 2 },
    ],
    ['one alone is too large', { sizes: [5_000, 1], oldestArrivedAt: 1_000 }, 1_000, false, { kind: 'take', count: 1 }],
    ['it is as large as may be', { sizes: [600, 400], oldestArrivedAt: 1_000 }, 1_001, false, { kind: 'wait', ms: 19 }],
    ['nothing more can come', { sizes: small(3), oldestArrivedAt: 1_000 }, 1_000, true, { kind: 'take', count: 3 }],
    ['nothing waits and nothing can come', { sizes: small(0), oldestArrivedAt: 0 }, 1_000, true, { kind: 'idle' }],
  ])('when %s', (_name, waiting, now, isDraining, step) => {
    expect(nextBatch(asWaiting(waiting), now, limits, isDraining)).toEqual(step);
  });

  it('takes at once without a linger', () => {
    const step = nextBatch(
      asWaiting({ sizes: small(1), oldestArrivedAt: 5 }),
      5,
      { ...limits, lingerMs: { busy: 0, idle: 0 } },
      false,
    );
    expect(step).toEqual({ kind: 'take', count: 1 });
  });
});
