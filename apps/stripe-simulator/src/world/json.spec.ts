import { describe, expect, it } from '@jest/globals';
import { previousAttributes } from './json.js';

describe('previous_attributes', () => {
  it.each([
    ['only what differs', { a: 1, b: 2 }, { a: 1, b: 3 }, { b: 2 }],
    ['nested fields one by one', { a: { x: 1, y: 2 } }, { a: { x: 1, y: 3 } }, { a: { y: 2 } }],
    ['arrays whole', { a: [{ x: 1, y: 2 }] }, { a: [{ x: 1, y: 3 }] }, { a: [{ x: 1, y: 2 }] }],
    ['null for what was not there', {}, { a: 1 }, { a: null }],
    ['nothing for what is the same', { a: { x: [1] } }, { a: { x: [1] } }, {}],
  ])('shows %s', (_name, before, after, expected) => {
    expect(previousAttributes(before, after)).toEqual(expected);
  });
});
