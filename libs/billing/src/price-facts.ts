import type { BillingCycle } from '@billhook/contracts';

/** What Stripe says of a price. `amount` is null for one without a single amount per unit; `interval` for one that does not recur. */
export interface PriceFacts {
  priceId: string;
  isActive: boolean;
  currency: string;
  amount: number | null;
  interval: string | null;
  intervalCount: number;
}

const lookupPrefix = 'lookup:';

/** The lookup key that a reference to a price names; null when it is the price's id. */
export function lookupKeyIn(reference: string): string | null {
  return reference.startsWith(lookupPrefix) ? reference.slice(lookupPrefix.length) : null;
}

/** Null for any interval but one month and one year. */
export function billingCycleOf({ interval, intervalCount }: PriceFacts): BillingCycle | null {
  if (intervalCount !== 1) return null;
  return interval === 'month' ? 'monthly' : interval === 'year' ? 'yearly' : null;
}

/** Whether Checkout would sell it in this cycle. */
export function isSellable(price: PriceFacts, billingCycle: BillingCycle): boolean {
  return price.isActive && price.amount !== null && billingCycleOf(price) === billingCycle;
}
