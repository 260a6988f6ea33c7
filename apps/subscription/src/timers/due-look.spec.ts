import { decide, defaultGraceDays, planCatalogue, toSubscriptionSnapshot } from '@billhook/billing';
import { describe, expect, it, test } from '@jest/globals';
import { started } from '@billhook/testing';
import { CustomerStory } from '../customer-story.spec-support.js';
import { takeLook } from './due-look.js';
import type { DueRow } from './due-look.js';

const story = new CustomerStory('look');
const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const at = (second: number) => new Date((started + second) * 1000);
const hour = 3_600;
/** The builders' period ends thirty days after their beginning; the look comes ten minutes later. */
const moment = 30 * 24 * hour + 600;

function dueRow(overrides: Partial<DueRow> = {}): DueRow {
  const reading = toSubscriptionSnapshot(story.subscription());
  if (!reading.ok) throw new Error(reading.path);
  const event = {
    kind: 'fetched',
    type: 'fetched',
    at: at(0),
    snapshot: reading.value,
    seen: null,
    unpaidSince: null,
  } as const;
  const decision = decide(null, event, { userId: story.userId, catalogue });
  if (decision.kind !== 'applied') throw new Error(decision.kind);
  return { row: decision.row, newestStripeTime: at(5), asked: 0, ...overrides };
}

const take = (row: DueRow, now: Date) => takeLook(row, { graceDays: defaultGraceDays, now });

describe('a look that is due', () => {
  it('has Stripe asked, in the name of its moment', () => {
    expect(take(dueRow(), at(moment))).toMatchObject({
      look: { nextLookAt: at(moment), lookReason: 'period_end', asked: 1 },
      request: {
        customerId: 'cus_look',
        reason: 'timer: period_end',
        causeId: 'timer:sub_look:period_end:2026-12-01T00:10:00.000Z',
      },
    });
  });

  it('places the answer by Stripe’s clock: ours, which may be wrong, orders nothing', () => {
    expect(take(dueRow(), at(moment + 90 * hour)).request?.at).toEqual(at(5));
  });

  it('is due by a clock of Stripe’s that runs ahead of ours', () => {
    expect(take(dueRow({ newestStripeTime: at(moment) }), at(1)).request).not.toBeNull();
  });

  test.each([
    [0, 1 / 6],
    [1, 1 / 3],
    [2, 2 / 3],
    [9, 24],
    [60, 24],
  ])('asked about %i times before, it is put off by %d hours', (asked, hours) => {
    const { look } = take(dueRow({ asked }), at(moment));
    expect(look.lookDueAt).toEqual(at(moment + hours * hour));
  });
});

describe('a look that turns out not to be due', () => {
  it('is put off to its moment, and nobody is asked', () => {
    expect(take(dueRow({ asked: 3 }), at(moment - 1))).toMatchObject({
      look: { nextLookAt: at(moment), lookDueAt: at(moment), asked: 0 },
      request: null,
    });
  });

  it('is forgotten where nothing is to be waited for', () => {
    const { row } = dueRow();
    expect(take(dueRow({ row: { ...row, status: 'canceled' } }), at(moment))).toMatchObject({
      look: { nextLookAt: null, lookReason: null, lookDueAt: null },
      request: null,
    });
  });
});
