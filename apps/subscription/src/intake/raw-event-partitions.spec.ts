import { expect, it } from '@jest/globals';
import { partitionsFrom } from './raw-event-partitions.store.js';

it('covers this month and the next ones without a gap, across the turn of the year', () => {
  expect(partitionsFrom(new Date('2026-11-23T10:00:00Z'))).toEqual([
    { name: 'raw_event_2026_11', from: '2026-11-01T00:00:00.000Z', until: '2026-12-01T00:00:00.000Z' },
    { name: 'raw_event_2026_12', from: '2026-12-01T00:00:00.000Z', until: '2027-01-01T00:00:00.000Z' },
    { name: 'raw_event_2027_01', from: '2027-01-01T00:00:00.000Z', until: '2027-02-01T00:00:00.000Z' },
    { name: 'raw_event_2027_02', from: '2027-02-01T00:00:00.000Z', until: '2027-03-01T00:00:00.000Z' },
  ]);
});
