import type { BillingCycle, Entitlements, Tier } from '@billhook/contracts';

/**
 * Stripe price ids of a plan. The first of each cycle is the one on sale; the others are still honoured. `other`: honoured too, but
 * of no cycle that is known here (another interval, or Stripe has not been asked yet).
 */
export interface PlanPriceIds extends Record<BillingCycle, readonly string[]> {
  other?: readonly string[];
}

export interface PriceIds {
  pro: PlanPriceIds;
  elite: PlanPriceIds;
}

/** `amount` is in the currency's minor unit. */
export interface Offer {
  amount: number;
  currency: string;
  /** False where a customer would not get what is shown, or nothing is known of the price: nobody is led to pay it. */
  isOnSale: boolean;
}

export interface PaidTerms {
  entitlements: Entitlements;
  /** Days a first subscription is free; 0 for none. */
  trialDays: number;
  offers: Record<BillingCycle, Offer>;
}

/** What the plans allow and cost, whatever their prices are called at Stripe. */
export interface Terms {
  free: { entitlements: Entitlements };
  pro: PaidTerms;
  elite: PaidTerms;
}

export interface PlanPrice extends Offer {
  billingCycle: BillingCycle;
  /** The first is the one on sale; the others are still honoured. */
  priceIds: readonly string[];
}

export interface Plan {
  tier: Tier;
  name: string;
  entitlements: Entitlements;
  trialDays: number;
  /** Empty for Free. */
  prices: readonly PlanPrice[];
}

/** What a subscription to a price is worth. `billingCycle` is null for a price that is neither monthly nor yearly. */
export interface PriceMeaning {
  tier: Tier;
  billingCycle: BillingCycle | null;
}

export interface PlanCatalogue {
  free: Plan;
  pro: Plan;
  elite: Plan;
  /** By price id: what is on sale and what is still honoured. */
  meanings: ReadonlyMap<string, PriceMeaning>;
}

export type PlanLookup = ({ kind: 'known' } & PriceMeaning) | { kind: 'unknown'; priceId: string };

/** Throws when a price id stands for two plans: no lookup could then be right. */
export function planCatalogue(priceIds: PriceIds, terms: Terms = seedTerms): PlanCatalogue {
  return {
    free: { tier: 0, name: 'Free', trialDays: 0, prices: [], ...terms.free },
    pro: paidPlan({ tier: 1, name: 'Pro' }, priceIds.pro, terms.pro),
    elite: paidPlan({ tier: 2, name: 'Elite' }, priceIds.elite, terms.elite),
    meanings: meaningsOf(priceIds),
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
  const meaning = catalogue.meanings.get(priceId);
  return meaning === undefined ? { kind: 'unknown', priceId } : { kind: 'known', ...meaning };
}

/** The price on sale for a plan and cycle; null for Free, which has none, and where nothing is on sale. */
export function priceOnSale(catalogue: PlanCatalogue, tier: Tier, billingCycle: BillingCycle): string | null {
  const price = planOf(catalogue, tier).prices.find((candidate) => candidate.billingCycle === billingCycle);
  return price?.isOnSale === true ? (price.priceIds[0] ?? null) : null;
}

function paidPlan(plan: { tier: Tier; name: string }, ids: PlanPriceIds, terms: PaidTerms): Plan {
  const { entitlements, trialDays, offers } = terms;
  const prices = (['monthly', 'yearly'] as const).map((billingCycle) => ({
    billingCycle,
    ...offers[billingCycle],
    priceIds: ids[billingCycle],
  }));
  return { ...plan, entitlements, trialDays, prices };
}

function meaningsOf(priceIds: PriceIds): ReadonlyMap<string, PriceMeaning> {
  const meanings = new Map<string, PriceMeaning>();
  const add = (ids: readonly string[], meaning: PriceMeaning): void => {
    for (const id of ids) {
      if (meanings.has(id)) throw new RangeError(`price ${id} stands for more than one plan`);
      meanings.set(id, meaning);
    }
  };
  for (const [tier, plan] of [[1, priceIds.pro] as const, [2, priceIds.elite] as const]) {
    add(plan.monthly, { tier, billingCycle: 'monthly' });
    add(plan.yearly, { tier, billingCycle: 'yearly' });
    add(plan.other ?? [], { tier, billingCycle: null });
  }
  return meanings;
}

const usd = (amount: number): Offer => ({ amount, currency: 'usd', isOnSale: true });

/** What holds where nobody has configured anything else. */
export const seedTerms: Terms = {
  free: {
    entitlements: {
      refresh_interval_seconds: 60,
      alerts_limit: 3,
      email_alerts: false,
      sms_alerts: false,
      export_formats: [],
    },
  },
  pro: {
    entitlements: {
      refresh_interval_seconds: 10,
      alerts_limit: 50,
      email_alerts: true,
      sms_alerts: false,
      export_formats: ['csv'],
    },
    trialDays: 0,
    offers: { monthly: usd(999), yearly: usd(9900) },
  },
  elite: {
    entitlements: {
      refresh_interval_seconds: 1,
      alerts_limit: 500,
      email_alerts: true,
      sms_alerts: true,
      export_formats: ['csv', 'json'],
    },
    trialDays: 0,
    offers: { monthly: usd(2999), yearly: usd(29900) },
  },
};
