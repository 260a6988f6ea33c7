import type { SubscriptionRow } from './subscription-row.js';

/** How many days a failed renewal keeps its tier, by plan. */
export interface GraceDays {
  pro: number;
  elite: number;
}

/** Stripe's own retries run for two weeks by default. */
export const defaultGraceDays: GraceDays = { pro: 14, elite: 14 };

/** When a past due subscription loses its tier unless it is paid. */
export function graceEnd(row: SubscriptionRow, graceDays: GraceDays): Date {
  const since = row.pastDue?.since ?? row.order.at;
  const days = row.tier === 2 ? graceDays.elite : graceDays.pro;
  return new Date(since.getTime() + days * 86_400_000);
}
