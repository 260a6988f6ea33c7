import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { between, chance } from './chance.js';
import { chaosRequest } from './chaos.request.js';
import { calm, planFor } from './delivery-plan.js';

const knobs =
  chaosRequest.parse({
    deliveries: {
      duplicate: { probability: 0.3, copies: 2 },
      drop: { probability: 0.1 },
      drop_first_attempts: { probability: 0.2, attempts: 2 },
      delay: { probability: 0.5, min_ms: 5, max_ms: 9 },
      bad_signature: { probability: 0.1 },
      thin: { probability: 0.5 },
      cut: { probability: 0.1 },
    },
  }).deliveries ?? {};

const keys = Array.from({ length: 5000 }, (_, index) => `customer.created#${index + 1}`);
const share = (hits: (key: string) => boolean) => keys.filter(hits).length / keys.length;

describe('what is decided about a delivery', () => {
  it('is the same for the same seed and event, whatever else was decided before', () => {
    fc.assert(
      fc.property(fc.nat(), fc.shuffledSubarray(keys.slice(0, 50)), (seed, some) => {
        const alone = new Map(some.map((key) => [key, planFor(seed, knobs, key)]));
        for (const key of keys.slice(0, 50)) {
          if (alone.has(key)) expect(planFor(seed, knobs, key)).toEqual(alone.get(key));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('differs from seed to seed', () => {
    const plans = (seed: number) => keys.slice(0, 50).map((key) => planFor(seed, knobs, key));
    expect(plans(1)).not.toEqual(plans(2));
  });

  it('strikes as often as its probability says', () => {
    const plans = new Map(keys.map((key) => [key, planFor(7, knobs, key)]));
    expect(share((key) => plans.get(key)?.copies === 2)).toBeCloseTo(0.3, 1);
    expect(share((key) => plans.get(key)?.isDropped === true)).toBeCloseTo(0.1, 1);
    expect(share((key) => plans.get(key)?.faults.includes('bad_signature') === true)).toBeCloseTo(0.1, 1);
    expect(share((key) => plans.get(key)?.hasThin === true)).toBeCloseTo(0.5, 1);
  });

  it('lets two knobs strike independently of each other', () => {
    const both = share((key) => {
      const { copies, hasThin } = planFor(7, knobs, key);
      return copies > 0 && hasThin;
    });
    expect(both).toBeCloseTo(0.15, 1);
  });

  it('always ends with attempts that go well: first lost ones, then a cut one, then a wrong signature', () => {
    const all = { ...knobs, cut: { probability: 1 }, bad_signature: { probability: 1 } };
    const { faults } = planFor(1, { ...all, drop_first_attempts: { probability: 1, attempts: 2 } }, 'invoice.paid#1');
    expect(faults).toEqual(['lost', 'lost', 'cut', 'bad_signature']);
  });

  it('delays within the limits given', () => {
    const times = keys.map((key) => planFor(3, knobs, key).holdingTime);
    const waits = times.flatMap((time) => (time?.kind === 'real' ? [time.ms] : []));
    expect([Math.min(...waits), Math.max(...waits)]).toEqual([5, 9]);
    expect(times).toContain(null);
  });

  it('is nothing at all without knobs', () => {
    expect(planFor(1, {}, 'x#1')).toEqual({ ...calm, key: 'x#1' });
  });
});

describe('a chance', () => {
  it('is below one, so that probability 1 always strikes, and never below nought', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), (seed, key) => {
        const at = chance(seed, key);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThan(1);
        expect([1, 2, 3]).toContain(between({ min: 1, max: 3 }, at));
      }),
    );
  });
});
