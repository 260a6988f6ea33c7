import { planForPrice } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { BillingCycle, Tier } from '@billhook/contracts';
import type Stripe from 'stripe';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { isEnding, plannedPriceOf } from '../manage/subscription-plans.js';

/** What a price stands for; the cycle of an old one may be known to nobody. */
export interface CurrentPlan {
  tier: Tier;
  billingCycle: BillingCycle | null;
}

/** Why a plan cannot be changed just now. Each is an error code of its own, with what to do about it. */
export type ChangeRefusal =
  | 'already_subscribed'
  | 'change_scheduled'
  | 'payment_overdue'
  | 'subscription_ending'
  | 'subscription_incomplete'
  | 'subscription_paused';

/** What becomes of a wish for another plan, by the subscription as Stripe has it. */
export type PlanChange =
  | { kind: 'refused'; code: ChangeRefusal }
  /** It is planned for the period's end already. */
  | { kind: 'scheduled' }
  | { kind: 'now'; itemId: string; isTrial: boolean }
  | { kind: 'at_period_end'; itemId: string };

/**
 * More is had at once and paid for at once; less begins when what was paid for is used up. A trial owes nothing, so there
 * either happens at once. A price that is in no catalogue can only be left, and is credited for the rest of its period.
 */
export function planChange(
  subscription: Stripe.Subscription,
  wanted: PlanChoice,
  catalogue: PlanCatalogue,
): PlanChange {
  const refused = (code: ChangeRefusal): PlanChange => ({ kind: 'refused', code });
  const item = subscription.items.data[0];
  if (item === undefined) return refused('subscription_incomplete');
  const current = planOfPrice(item.price.id, catalogue);
  if (current !== null && isSamePlan(current, wanted)) return refused('already_subscribed');
  const obstacle = obstacleOf(subscription);
  if (obstacle !== null) return refused(obstacle);
  const next = plannedPriceOf(subscription);
  if (next !== null) {
    const planned = planOfPrice(next, catalogue);
    return planned !== null && isSamePlan(planned, wanted) ? { kind: 'scheduled' } : refused('change_scheduled');
  }
  const isTrial = subscription.status === 'trialing';
  return isTrial || current === null || isMore(wanted, current)
    ? { kind: 'now', itemId: item.id, isTrial }
    : { kind: 'at_period_end', itemId: item.id };
}

/** The plan that a subscription is on now; null for a price that is in no catalogue. */
export function currentPlan({ items }: Stripe.Subscription, catalogue: PlanCatalogue): CurrentPlan | null {
  const price = items.data[0]?.price.id;
  return price === undefined ? null : planOfPrice(price, catalogue);
}

function planOfPrice(priceId: string, catalogue: PlanCatalogue): CurrentPlan | null {
  const plan = planForPrice(catalogue, priceId);
  return plan.kind === 'known' ? { tier: plan.tier, billingCycle: plan.billingCycle } : null;
}

const isSamePlan = (a: CurrentPlan, b: PlanChoice): boolean => a.tier === b.tier && a.billingCycle === b.billingCycle;

function isMore(wanted: PlanChoice, current: CurrentPlan): boolean {
  if (wanted.tier !== current.tier) return wanted.tier > current.tier;
  return wanted.billingCycle === 'yearly';
}

/** Stripe's statuses are open: on one that nobody here knows, Stripe itself decides what may be changed. */
function obstacleOf(subscription: Stripe.Subscription): ChangeRefusal | null {
  switch (subscription.status) {
    case 'past_due':
    case 'unpaid':
      return 'payment_overdue';
    case 'paused':
      return 'subscription_paused';
    case 'incomplete':
      return 'subscription_incomplete';
    default:
      if (subscription.pause_collection !== null) return 'subscription_paused';
      return isEnding(subscription) ? 'subscription_ending' : null;
  }
}
