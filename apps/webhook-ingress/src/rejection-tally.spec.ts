import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RejectionTally, variousAddresses } from './rejection-tally.js';

const forged = (remoteAddress: string, count = 1) => ({ code: 'signature_mismatch', remoteAddress, count });

describe('RejectionTally', () => {
  it('reports the first rejection at once', () => {
    const tally = new RejectionTally(0);
    tally.add(forged('203.0.113.7'));
    expect(tally.takeDue(0)).toEqual([forged('203.0.113.7')]);
    expect(tally.takeDue(0)).toEqual([]);
  });

  it('lets ten reports through, then one a second, with the counts added up meanwhile', () => {
    const tally = new RejectionTally(0);
    for (let i = 0; i < 10; i += 1) {
      tally.add(forged('203.0.113.7'));
      expect(tally.takeDue(0)).toHaveLength(1);
    }
    for (let i = 0; i < 500; i += 1) {
      tally.add(forged('203.0.113.7'));
      expect(tally.takeDue(999)).toEqual([]);
    }
    expect(tally.takeDue(1_000)).toEqual([forged('203.0.113.7', 500)]);
  });

  it('counts the addresses beyond a thousand together, so that a flood cannot fill the memory', () => {
    const tally = new RejectionTally(0);
    for (let i = 0; i < 1_500; i += 1) tally.add(forged(`address ${i}`));
    const reports = tally.takeAll();
    expect(reports).toHaveLength(1_001);
    expect(reports.at(-1)).toEqual(forged(variousAddresses, 500));
  });

  it('loses no count, whatever comes and whenever it is asked', () => {
    const step = fc.oneof(
      fc.record({ address: fc.constantFrom('a', 'b', 'c'), code: fc.constantFrom('x', 'y') }),
      fc.nat(5_000),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const tally = new RejectionTally(0);
        let [now, added, reported] = [0, 0, 0];
        for (const each of steps) {
          if (typeof each === 'number') {
            now += each;
            reported += tally.takeDue(now).reduce((sum, { count }) => sum + count, 0);
          } else {
            tally.add({ code: each.code, remoteAddress: each.address, count: 1 });
            added += 1;
          }
        }
        reported += tally.takeAll().reduce((sum, { count }) => sum + count, 0);
        expect(reported).toBe(added);
      }),
    );
  });
});
