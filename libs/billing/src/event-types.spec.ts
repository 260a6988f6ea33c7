import { expect, it, test } from '@jest/globals';
import { concernsBilling } from './event-types.js';
import { knownTypes } from './event-types.spec-support.js';
import { toStripeFact } from './stripe-event.js';

/** An object that no reader can read: what is not irrelevant says so. */
function isRead(type: string): boolean {
  const fact = toStripeFact({ id: 'evt_1', object: 'event', type, created: 1, data: { object: {} } });
  return !fact.ok || fact.value.kind !== 'irrelevant';
}

test.each(knownTypes)('%s is caught up exactly when billing reads it', (type) => {
  expect(concernsBilling(type)).toBe(isRead(type));
});

it('tells them apart', () => {
  expect(new Set(knownTypes.map(concernsBilling))).toEqual(new Set([true, false]));
});
