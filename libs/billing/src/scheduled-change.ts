import type { SubscriptionView } from '@billhook/contracts';
import type { Evidence } from './evidence.js';
import type { PlanCatalogue } from './plan-catalogue.js';
import type { SchedulePhase } from './schedule-facts.js';
import { decidingPlan } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { isTerminal } from './subscription-status.js';

/**
 * The next change of plan that a schedule of the subscription has planned: none for phases that change something else, and none for
 * a price that is in no plan, or billed neither by the month nor by the year, which has no name here. A schedule that has ended, or
 * let go of the subscription, plans nothing.
 */
export function scheduledChange(
  row: SubscriptionRow,
  { schedules }: Evidence,
  { catalogue, now }: { catalogue: PlanCatalogue; now: Date },
): SubscriptionView['scheduled_change'] {
  if (schedules.length === 0 || isTerminal(row.status)) return null;
  const own = schedules.filter(({ subscriptionId }) => subscriptionId === row.subscriptionId);
  const ahead = own.flatMap(({ nextPhases }) => nextPhases).filter(({ startsAt }) => startsAt > now);
  for (const phase of ahead.toSorted(byStart)) {
    const plan = decidingPlan(itemsOf(phase), catalogue);
    if (plan === null || plan.billingCycle === null) return null;
    const { tier, billingCycle: billing_cycle } = plan;
    if (tier !== row.tier || billing_cycle !== row.billingCycle)
      return { tier, billing_cycle, at: phase.startsAt.toISOString() };
  }
  return null;
}

function byStart(a: SchedulePhase, b: SchedulePhase): number {
  return a.startsAt.getTime() - b.startsAt.getTime();
}

function itemsOf({ priceIds }: SchedulePhase) {
  return priceIds.map((priceId) => ({ priceId, currentPeriodStart: null, currentPeriodEnd: null }));
}
