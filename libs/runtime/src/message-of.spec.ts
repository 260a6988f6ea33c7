import { describe, expect, it } from '@jest/globals';
import { messageOf } from './message-of.js';

describe('what went wrong, in a line', () => {
  it.each([
    ['an error’s message', new Error('no such table'), 'no such table'],
    ['what was thrown and is no error', 'no words', 'no words'],
    [
      'each address that was tried, where Node says nothing of its own',
      new AggregateError([
        new Error('connect ECONNREFUSED ::1:5432'),
        new Error('connect ECONNREFUSED 127.0.0.1:5432'),
      ]),
      'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432',
    ],
    ['the words of several errors together', new AggregateError([new Error('one')], 'all failed'), 'all failed'],
  ])('is %s', (_, error, message) => {
    expect(messageOf(error)).toBe(message);
  });
});
