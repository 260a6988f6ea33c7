import { describe, expect, it } from '@jest/globals';
import { aSchedulePhase, aSubscriptionSchedule } from '@billhook/testing';
import { changeAtPeriodEnd, endAtPeriodEnd } from './schedule-phases.js';

const schedule = aSubscriptionSchedule(['price_elite_yearly']);
const running = schedule.current_phase;

describe('a change at the period’s end', () => {
  it('tells the phase that runs again as it is, then one period at the new price, then lets go', () => {
    expect(changeAtPeriodEnd(schedule, { priceId: 'price_pro_monthly', billingCycle: 'monthly' })).toEqual({
      end_behavior: 'release',
      proration_behavior: 'none',
      phases: [
        { ...running, items: [{ price: 'price_elite_yearly', quantity: 1 }] },
        {
          items: [{ price: 'price_pro_monthly', quantity: 1 }],
          duration: { interval: 'month', interval_count: 1 },
          proration_behavior: 'none',
        },
      ],
    });
  });

  it('replaces what was planned before', () => {
    const planned = aSubscriptionSchedule(['price_elite_yearly', 'price_pro_monthly']);
    const { phases } = changeAtPeriodEnd(planned, { priceId: 'price_pro_yearly', billingCycle: 'yearly' });
    expect(phases?.map(({ items }) => items[0]?.price)).toEqual(['price_elite_yearly', 'price_pro_yearly']);
  });

  it('keeps the discount of the phase that runs, which Stripe would take away otherwise', () => {
    const discounts = [{ coupon: null, discount: 'di_1', promotion_code: null }];
    const phase = aSchedulePhase('price_elite_yearly', { discounts });
    const { phases } = endAtPeriodEnd({ ...schedule, phases: [phase] });
    expect(phases?.[0]?.discounts).toEqual([{ discount: 'di_1' }]);
  });
});

describe('an end by schedule', () => {
  it('drops what was to come and cancels with the phase that runs', () => {
    const planned = aSubscriptionSchedule(['price_elite_yearly', 'price_pro_monthly']);
    expect(endAtPeriodEnd(planned)).toEqual({
      end_behavior: 'cancel',
      proration_behavior: 'none',
      phases: [{ ...running, items: [{ price: 'price_elite_yearly', quantity: 1 }] }],
    });
  });
});
