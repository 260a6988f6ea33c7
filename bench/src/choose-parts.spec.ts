import { describe, expect, it } from '@jest/globals';
import { chooseParts, partNames } from './choose-parts.js';

describe('ONLY', () => {
  it.each([undefined, '', ' '])('as %j asks for every part', (only) => {
    expect(chooseParts(only)).toEqual(partNames);
  });

  it('asks for some, which run in the order of the benchmark', () => {
    expect(chooseParts('growth, apply')).toEqual(['apply', 'growth']);
  });

  it('with an unknown name says which names there are', () => {
    expect(() => chooseParts('apply,aply,')).toThrow(
      'ONLY names no part of the benchmark: "aply", "". The parts are accept, apply, pipeline, end-to-end, cost, growth, reconcile, account, audit',
    );
  });
});
