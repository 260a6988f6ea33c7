import type { BillingCycle } from '@billhook/contracts';
import { Refused } from '@billhook/runtime';

/** A plan that can be bought. */
export interface PlanChoice {
  tier: 1 | 2;
  billingCycle: BillingCycle;
}

/**
 * Reads what came in a query or a JSON body: a tier may be a number or its digit. Throws Refused tier_unknown or
 * billing_cycle_unknown with the values that are allowed.
 */
export function toPlanChoice(given: { tier?: unknown; billing_cycle?: unknown }): PlanChoice {
  return { tier: toTier(given.tier), billingCycle: toBillingCycle(given.billing_cycle) };
}

export function toTier(value: unknown): 1 | 2 {
  if (value === 1 || value === '1') return 1;
  if (value === 2 || value === '2') return 2;
  throw new Refused('tier_unknown', 'the tier must be 1 (Pro) or 2 (Elite)');
}

export function toBillingCycle(value: unknown): BillingCycle {
  if (value === 'monthly' || value === 'yearly') return value;
  throw new Refused('billing_cycle_unknown', 'the billing_cycle must be monthly or yearly');
}
