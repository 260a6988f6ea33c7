import { describe, expect, it } from '@jest/globals';
import { figure } from '../figure.js';
import { mergeResults, readResults, writeResults } from './results.js';

describe('results.json', () => {
  it('reads as it was written', () => {
    const results = [figure('a', 1, 'ratio'), figure('b', 2, 'ms', { text: '<= 1', holds: () => false })];
    expect(readResults(writeResults(results))).toEqual(results);
  });

  it('that is something else is refused', () => {
    expect(() => readResults('{}')).toThrow();
    expect(() => readResults('[{"figure":"a"}]')).toThrow();
  });
});

describe('merging', () => {
  const old = [figure('apply.rate', 1, 'events/s'), figure('end_to_end.1000.p50', 1, 'ms')];

  it('replaces figures that were measured again and keeps the others', () => {
    const merged = mergeResults(old, [figure('apply.rate', 2, 'events/s')]);
    expect(merged.map(({ figure: name, value }) => [name, value])).toEqual([
      ['apply.rate', 2],
      ['end_to_end.1000.p50', 1],
    ]);
  });

  it('sorts by name, numbers in it by their size', () => {
    const fresh = ['end_to_end.50.p50', 'accept.128.rate', 'accept.32.rate', 'accept.1.rate'];
    const merged = mergeResults(
      old,
      fresh.map((name) => figure(name, 1, 'ms')),
    );
    expect(merged.map(({ figure: name }) => name)).toEqual([
      'accept.1.rate',
      'accept.32.rate',
      'accept.128.rate',
      'apply.rate',
      'end_to_end.50.p50',
      'end_to_end.1000.p50',
    ]);
  });
});
