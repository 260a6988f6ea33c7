import { priceOnSale } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { BillingCycle } from '@billhook/contracts';
import { Refused } from '@billhook/runtime';

/** A plan that can be bought, and how often it is paid. */
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

function toBillingCycle(value: unknown): BillingCycle {
  if (value === 'monthly' || value === 'yearly') return value;
  throw new Refused('billing_cycle_unknown', 'the billing_cycle must be monthly or yearly');
}

/** The price on sale for a plan. Throws Refused plan_not_on_sale where there is none. */
export function priceOf(catalogue: PlanCatalogue, { tier, billingCycle }: PlanChoice): string {
  const priceId = priceOnSale(catalogue, tier, billingCycle);
  if (priceId === null) throw new Refused('plan_not_on_sale');
  return priceId;
}
