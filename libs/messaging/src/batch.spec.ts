import { describe, expect, it } from '@jest/globals';
import { nextBatch } from './batch.js';

const limits = { size: 10, lingerMs: 20 };

describe('nextBatch', () => {
  it.each([
    ['nothing waits', { count: 0, oldestArrivedAt: 0 }, 1_000, false, { kind: 'idle' }],
    ['the oldest has not lingered', { count: 3, oldestArrivedAt: 1_000 }, 1_005, false, { kind: 'wait', ms: 15 }],
    ['the oldest has lingered', { count: 3, oldestArrivedAt: 1_000 }, 1_020, false, { kind: 'take', count: 3 }],
    ['it is full', { count: 10, oldestArrivedAt: 1_000 }, 1_000, false, { kind: 'take', count: 10 }],
    ['more wait than fit', { count: 25, oldestArrivedAt: 1_000 }, 1_000, false, { kind: 'take', count: 10 }],
    ['nothing more can come', { count: 3, oldestArrivedAt: 1_000 }, 1_000, true, { kind: 'take', count: 3 }],
    ['nothing waits and nothing can come', { count: 0, oldestArrivedAt: 0 }, 1_000, true, { kind: 'idle' }],
  ])('when %s', (_name, waiting, now, isDraining, step) => {
    expect(nextBatch(waiting, now, limits, isDraining)).toEqual(step);
  });

  it('takes at once without a linger', () => {
    const step = nextBatch({ count: 1, oldestArrivedAt: 5 }, 5, { size: 10, lingerMs: 0 }, false);
    expect(step).toEqual({ kind: 'take', count: 1 });
  });
});
