import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { acknowledgements } from './acknowledgements.js';

describe('acknowledgements', () => {
  it.each([
    ['all of it at once when nothing else is unsettled', [3, 4, 5], undefined, { upTo: 5, singly: [] }],
    ['one by one behind what is still unsettled', [3, 4], 2, { upTo: undefined, singly: [3, 4] }],
    ['both ways around what is still unsettled', [1, 2, 4, 5], 3, { upTo: 2, singly: [4, 5] }],
    ['nothing for nothing', [], 7, { upTo: undefined, singly: [] }],
  ])('are %s', (_, tags, lowestLeft, expected) => {
    expect(acknowledgements(tags, lowestLeft)).toEqual(expected);
  });

  it('settle exactly the given tags, whatever else is unsettled', () => {
    const unsettled = fc.uniqueArray(fc.record({ tag: fc.integer({ min: 1, max: 50 }), isDone: fc.boolean() }), {
      selector: ({ tag }) => tag,
    });
    fc.assert(
      fc.property(unsettled, (all) => {
        const done = all.filter(({ isDone }) => isDone).map(({ tag }) => tag);
        const left = all.filter(({ isDone }) => !isDone).map(({ tag }) => tag);
        const { upTo = 0, singly } = acknowledgements(done, left.length === 0 ? undefined : Math.min(...left));
        const settled = all.map(({ tag }) => tag).filter((tag) => tag <= upTo || singly.includes(tag));
        expect(new Set(settled)).toEqual(new Set(done));
      }),
    );
  });
});
