import { describe, expect, it } from '@jest/globals';
import { RefusalTally } from './refusal-tally.js';
import type { Refusal } from './refusal-tally.js';

const refusal: Refusal = {
  code: 'token_invalid',
  route: 'GET /v1/account',
  target: null,
  user_id: null,
  remote_address: '203.0.113.7',
};

describe('the tally of refusals', () => {
  it('adds up what is the same, and tells apart what is not', () => {
    const tally = new RefusalTally(10);
    for (let times = 0; times < 3; times += 1) tally.add(refusal);
    tally.add({ ...refusal, remote_address: '203.0.113.8' });
    expect(tally.takeAll()).toEqual([
      { ...refusal, count: 3 },
      { ...refusal, remote_address: '203.0.113.8', count: 1 },
    ]);
    expect(tally.takeAll()).toEqual([]);
  });

  it('keeps what and how often once its places are taken, and loses no count', () => {
    const tally = new RefusalTally(2);
    for (let host = 0; host < 500; host += 1) tally.add({ ...refusal, remote_address: `10.0.0.${host}` });
    const counts = tally.takeAll();
    expect(counts).toHaveLength(3);
    expect(counts.at(-1)).toEqual({ ...refusal, remote_address: 'various', count: 498 });
  });

  it('takes back what could not be reported', () => {
    const tally = new RefusalTally(2);
    tally.add(refusal);
    tally.add(refusal, 41);
    expect(tally.takeAll()).toEqual([{ ...refusal, count: 42 }]);
  });
});
