import { expect, test } from '@jest/globals';
import { failureReason, processDied } from './failure.js';

test.each([
  [new TypeError('x is undefined'), 'failed_TypeError: x is undefined'],
  [Object.assign(new Error('out of range'), { code: '22003' }), 'failed_22003: out of range'],
  ['thrown text', 'failed: thrown text'],
])('%p has a reason whose head names the kind', (error, reason) => {
  expect(failureReason(error)).toBe(reason);
});

test('a reason stays short, whatever the error quotes', () => {
  expect(failureReason(new Error('x'.repeat(10_000)))).toHaveLength(500);
});

test('a process that died says what was known before, once', () => {
  const first = processDied('failed_Error: odd');
  expect(first).toBe('process_died: before it failed_Error: odd');
  expect([processDied(), processDied(first)]).toEqual(['process_died', 'process_died']);
});
