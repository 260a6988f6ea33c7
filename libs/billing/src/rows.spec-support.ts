import { planCatalogue } from './plan-catalogue.js';
import type { SubscriptionRow } from './subscription-row.js';

/** The catalogue that the builders' prices belong to. */
export const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});

/** Whole days after 2026-11-01. */
export function day(count: number): Date {
  return new Date(Date.UTC(2026, 10, 1) + count * 86_400_000);
}

/** Active on Pro, monthly, since day 0. */
export function aRow(overrides: Partial<SubscriptionRow> = {}): SubscriptionRow {
  return {
    subscriptionId: 'sub_1',
    customerId: 'cus_1',
    userId: 'user_1',
    priceId: 'price_pro_monthly',
    status: 'active',
    tier: 1,
    billingCycle: 'monthly',
    currentPeriodStart: day(0),
    currentPeriodEnd: day(30),
    cancelAtPeriodEnd: false,
    cancelAt: null,
    canceledAt: null,
    endedAt: null,
    trialEnd: null,
    createdAt: day(0),
    pastDue: null,
    order: { at: day(0), kind: 'created', state: 'state', startedFrom: null, events: [] },
    ...overrides,
  };
}
