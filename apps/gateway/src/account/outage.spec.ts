import { describe, expect, it } from '@jest/globals';
import { Outage } from './outage.js';

const second = 1_000;
const hour = 3_600 * second;

describe('while Stripe is away', () => {
  it('F57: for an hour, it is asked once in ten seconds however many look, and only the first waits fully', () => {
    const outage = new Outage();
    const asked: number[] = [];
    let waited = 0;
    for (let now = 0; now < hour; now += second / 20) {
      const way = outage.wayToAsk(now);
      if (way === 'not') continue;
      if (way === 'wait') waited += 1;
      asked.push(now);
      outage.begin(now);
    }
    expect(waited).toBe(1);
    expect(asked).toHaveLength(360);
    expect(Math.min(...asked.slice(1).map((at, index) => at - (asked[index] ?? 0)))).toBe(10 * second);
  });

  it('one page asks at a time, also while its answer is not there', () => {
    const outage = new Outage();
    outage.begin(0);
    const ways = Array.from({ length: 100 }, () => outage.wayToAsk(10 * second));
    expect(ways.filter((way) => way !== 'not')).toEqual(['briefly']);
  });

  it('and back, everybody is answered at once again', () => {
    const outage = new Outage();
    outage.begin(0);
    expect(outage.wayToAsk(10 * second)).toBe('briefly');
    outage.end();
    expect([outage.wayToAsk(10 * second), outage.wayToAsk(10 * second)]).toEqual(['wait', 'wait']);
  });
});
