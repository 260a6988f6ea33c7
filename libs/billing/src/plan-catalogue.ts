import type { BillingCycle, Entitlements, Tier } from '@billhook/contracts';

/** Stripe price ids by plan and cycle. The first of each list is the one on sale; the others are still honoured. */
export interface PriceIds {
  pro: Record<BillingCycle, readonly string[]>;
  elite: Record<BillingCycle, readonly string[]>;
}

/** `amount` is in the currency's minor unit. `priceIds` is never empty; its first is the one on sale. */
export interface PlanPrice {
  billingCycle: BillingCycle;
  amount: number;
  currency: 'usd';
  priceIds: readonly string[];
}

export interface Plan {
  tier: Tier;
  name: string;
  entitlements: Entitlements;
  /** Empty for Free. */
  prices: readonly PlanPrice[];
}

export interface PlanCatalogue {
  free: Plan;
  pro: Plan;
  elite: Plan;
}

export type PlanLookup =
  { kind: 'known'; tier: Tier; billingCycle: BillingCycle; price: PlanPrice } | { kind: 'unknown'; priceId: string };

/** Throws when a price id stands for two plans: no lookup could then be right. */
export function planCatalogue(priceIds: PriceIds): PlanCatalogue {
  const all = [priceIds.pro, priceIds.elite].flatMap((cycles) => [...cycles.monthly, ...cycles.yearly]);
  const twice = all.find((id, index) => all.indexOf(id) !== index);
  if (twice !== undefined) throw new RangeError(`price ${twice} stands for more than one plan`);
  return {
    free: { tier: 0, name: 'Free', prices: [], entitlements: freeEntitlements },
    pro: { tier: 1, name: 'Pro', prices: prices(priceIds.pro, 999, 9900), entitlements: proEntitlements },
    elite: { tier: 2, name: 'Elite', prices: prices(priceIds.elite, 2999, 29900), entitlements: eliteEntitlements },
  };
}

/** In the order of their tiers. */
export function plansOf(catalogue: PlanCatalogue): Plan[] {
  return [catalogue.free, catalogue.pro, catalogue.elite];
}

export function planOf(catalogue: PlanCatalogue, tier: Tier): Plan {
  switch (tier) {
    case 0:
      return catalogue.free;
    case 1:
      return catalogue.pro;
    case 2:
      return catalogue.elite;
    default:
      return tier satisfies never;
  }
}

/** An unknown price is a value and not an error: Stripe accounts hold prices older than any catalogue. */
export function planForPrice(catalogue: PlanCatalogue, priceId: string): PlanLookup {
  for (const plan of plansOf(catalogue)) {
    const price = plan.prices.find((candidate) => candidate.priceIds.includes(priceId));
    if (price) return { kind: 'known', tier: plan.tier, billingCycle: price.billingCycle, price };
  }
  return { kind: 'unknown', priceId };
}

/** The price on sale for a plan and cycle; null for Free, which has none. */
export function priceOnSale(catalogue: PlanCatalogue, tier: Tier, billingCycle: BillingCycle): string | null {
  const price = planOf(catalogue, tier).prices.find((candidate) => candidate.billingCycle === billingCycle);
  return price?.priceIds[0] ?? null;
}

function prices(ids: Record<BillingCycle, readonly string[]>, monthly: number, yearly: number): PlanPrice[] {
  return [
    { billingCycle: 'monthly', amount: monthly, currency: 'usd', priceIds: ids.monthly },
    { billingCycle: 'yearly', amount: yearly, currency: 'usd', priceIds: ids.yearly },
  ];
}

const freeEntitlements: Entitlements = {
  refresh_interval_seconds: 60,
  alerts_limit: 3,
  email_alerts: false,
  sms_alerts: false,
  export_formats: [],
};
const proEntitlements: Entitlements = {
  refresh_interval_seconds: 10,
  alerts_limit: 50,
  email_alerts: true,
  sms_alerts: false,
  export_formats: ['csv'],
};
const eliteEntitlements: Entitlements = {
  refresh_interval_seconds: 1,
  alerts_limit: 500,
  email_alerts: true,
  sms_alerts: true,
  export_formats: ['csv', 'json'],
};
