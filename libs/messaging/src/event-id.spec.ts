import { describe, expect, it } from '@jest/globals';
import { eventId } from './event-id.js';

describe('eventId', () => {
  it('is the same for the same cause, type and subject', () => {
    expect(eventId('evt_1', 'billing.tier.changed', 'user-1')).toBe(eventId('evt_1', 'billing.tier.changed', 'user-1'));
  });

  it('stays what it is: ids of events that were sent before must not change', () => {
    expect(eventId('evt_1', 'billing.tier.changed', 'user-1')).toBe('4dab89ae-05e1-585f-986e-7a0e84cc23a9');
  });

  it.each([
    ['another cause', 'evt_2', 'billing.tier.changed', 'user-1'],
    ['another type', 'evt_1', 'billing.tier.chang', 'ed user-1'],
    ['another subject', 'evt_1', 'billing.tier.changed', 'user-2'],
    ['the same letters cut elsewhere', 'evt_1billing', '.tier.changed', 'user-1'],
  ])('differs for %s', (_name, causeId, type, subject) => {
    expect(eventId(causeId, type, subject)).not.toBe(eventId('evt_1', 'billing.tier.changed', 'user-1'));
  });
});
