import type { BillingCycle } from '@billhook/contracts';
import type Stripe from 'stripe';
import { idOf } from '../stripe-reference.js';

type PhaseParams = Stripe.SubscriptionScheduleUpdateParams.Phase;

const intervals = { monthly: 'month', yearly: 'year' } as const;

/**
 * The period that runs stays as it is, and the one after it has the new price. After that the schedule lets go of the
 * subscription, which renews at that price by itself.
 */
export function changeAtPeriodEnd(
  schedule: Stripe.SubscriptionSchedule,
  next: { priceId: string; billingCycle: BillingCycle },
): Stripe.SubscriptionScheduleUpdateParams {
  return {
    end_behavior: 'release',
    // The change is at the turn of a period: there is nothing to prorate.
    proration_behavior: 'none',
    phases: [
      ...runningPhase(schedule),
      {
        items: [{ price: next.priceId, quantity: 1 }],
        duration: { interval: intervals[next.billingCycle], interval_count: 1 },
        proration_behavior: 'none',
      },
    ],
  };
}

/** Whatever was planned, the subscription ends with the period that runs. */
export function endAtPeriodEnd(schedule: Stripe.SubscriptionSchedule): Stripe.SubscriptionScheduleUpdateParams {
  return { end_behavior: 'cancel', proration_behavior: 'none', phases: runningPhase(schedule) };
}

/** Stripe takes the phases whole: the one that runs has to be told again, discounts included, or it would lose them. */
function runningPhase({ phases, current_phase }: Stripe.SubscriptionSchedule): PhaseParams[] {
  const running = phases.find((phase) => phase.start_date === current_phase?.start_date);
  if (running === undefined) return [];
  const { start_date, end_date, items, discounts } = running;
  return [
    {
      start_date,
      end_date,
      items: items.map(({ price, quantity = 1 }) => ({ price: idOf(price), quantity })),
      ...(discounts.length > 0 && { discounts: discounts.flatMap(toDiscountParams) }),
    },
  ];
}

function toDiscountParams({ discount }: Stripe.SubscriptionSchedule.Phase.Discount): { discount: string }[] {
  return discount === null ? [] : [{ discount: idOf(discount) }];
}
