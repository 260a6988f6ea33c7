import { describe, expect, it, test } from '@jest/globals';
import { newerSchedule, noEvidence } from './evidence.js';
import type { ScheduleRow } from './evidence.js';
import { aRow, catalogue, day } from './rows.spec-support.js';
import { scheduledChange } from './scheduled-change.js';

function phase(price: string, start: number) {
  return { startsAt: day(start), priceIds: [price] };
}

function aSchedule(overrides: Partial<ScheduleRow> = {}): ScheduleRow {
  return {
    scheduleId: 'sub_sched_1',
    customerId: 'cus_1',
    subscriptionId: 'sub_1',
    status: 'active',
    nextPhases: [phase('price_elite_monthly', 30)],
    at: day(2),
    ...overrides,
  };
}

function ask(schedule: Partial<ScheduleRow>, now = day(5), row = aRow()) {
  return scheduledChange(row, { ...noEvidence, schedules: [aSchedule(schedule)] }, { catalogue, now });
}

describe('a change of plan that a schedule has planned', () => {
  it('is shown with its plan and its day until that day', () => {
    const change = { tier: 2, billing_cycle: 'monthly', at: day(30).toISOString() };
    expect([ask({}), ask({}, day(30))]).toEqual([change, null]);
  });

  it('is the first of several that is a change at all', () => {
    const nextPhases = [phase('price_pro_yearly', 60), phase('price_pro_monthly', 30)];
    expect(ask({ nextPhases })).toEqual({ tier: 1, billing_cycle: 'yearly', at: day(60).toISOString() });
    expect(ask({ nextPhases: [phase('price_pro_monthly', 30)] })).toBeNull();
  });

  it('to a price that is in no plan has no name here', () => {
    expect(ask({ nextPhases: [phase('price_legacy', 30), phase('price_elite_monthly', 60)] })).toBeNull();
  });

  it('of another subscription, or of one that has ended, is none', () => {
    expect(ask({ subscriptionId: 'sub_2' })).toBeNull();
    expect(ask({}, day(5), aRow({ status: 'canceled' }))).toBeNull();
  });
});

describe('two snapshots of a schedule', () => {
  test.each<[string, Partial<ScheduleRow>, Partial<ScheduleRow>]>([
    ['an earlier and a later one', {}, { at: day(3), nextPhases: [] }],
    ['one that has ended, and a later one', { at: day(9) }, { status: 'released', nextPhases: [] }],
    ['one as it was made and one with its phases, in one second', { nextPhases: [] }, {}],
  ])('of which the second stands, in either order: %s', (_, first, second) => {
    const [a, b] = [aSchedule(first), aSchedule(second)];
    expect([newerSchedule(a, b), newerSchedule(b, a)]).toEqual([b, b]);
  });
});
