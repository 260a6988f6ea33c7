import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { pauseAfterRefusal, paused, takePlace } from './request-budget.js';
import type { RequestBudget } from './request-budget.js';

describe('a budget of requests', () => {
  it('gives the first place at once and the next ones evenly', () => {
    const first = takePlace({ freeAt: 0 }, 1_000, 20);
    const second = takePlace(first.budget, 1_000, 20);
    const third = takePlace(second.budget, 1_030, 20);
    expect([first.waitMs, second.waitMs, third.waitMs]).toEqual([0, 50, 70]);
  });

  it('saves nothing up: after a long rest the second one waits as ever', () => {
    const first = takePlace({ freeAt: 0 }, 3_600_000, 20);
    expect(takePlace(first.budget, 3_600_000, 20).waitMs).toBe(50);
  });

  it('never lets more begin in any second than it allows, whenever they ask', () => {
    const asking = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 30, maxLength: 200 });
    fc.assert(
      fc.property(asking, fc.integer({ min: 1, max: 50 }), (pauses, perSecond) => {
        let budget: RequestBudget = { freeAt: 0 };
        let now = 0;
        const begun = pauses.map((pause) => {
          now += pause;
          const taken = takePlace(budget, now, perSecond);
          budget = taken.budget;
          return now + taken.waitMs;
        });
        const inSecondFrom = (from: number): number =>
          begun.filter((at) => at >= from && at < from + 1_000 - 1e-6).length;
        expect(Math.max(...begun.map(inSecondFrom))).toBeLessThanOrEqual(perSecond);
      }),
    );
  });

  it('is not shortened by a pause that ends before the next place', () => {
    expect(paused({ freeAt: 5_000 }, 1_000, 500)).toEqual({ freeAt: 5_000 });
    expect(paused({ freeAt: 1_050 }, 1_000, 500)).toEqual({ freeAt: 1_500 });
  });
});

describe('the pause after a 429', () => {
  test.each<[string | undefined, number, number, number]>([
    ['3', 1, 0, 3_000],
    ['3', 5, 1, 3_750],
    ['3600', 1, 1, 60_000],
    [undefined, 1, 1, 1_000],
    [undefined, 1, 0, 500],
    [undefined, 4, 1, 8_000],
    [undefined, 20, 1, 60_000],
    ['soon', 1, 1, 1_000],
    ['0', 1, 1, 1_000],
    ['-5', 1, 1, 1_000],
  ])('with Retry-After %j, the %i. in a row, is for %d of its jitter %i ms', (retryAfter, strikes, random, ms) => {
    expect(pauseAfterRefusal(retryAfter, strikes, random)).toBe(ms);
  });
});
