import { expect, it, test } from '@jest/globals';
import { fromCursor, toCursor } from './cursor.js';

it('comes back as it went in, whatever the id', () => {
  const position = { recordedAt: new Date('2026-11-23T10:00:00.123Z'), eventId: 'evt 1 ünï' };
  expect(fromCursor(toCursor(position))).toEqual(position);
});

test.each(['', 'bm9uZQ', Buffer.from('yesterday evt_1').toString('base64url')])('%j is no cursor of ours', (text) => {
  expect(fromCursor(text)).toBeNull();
});
