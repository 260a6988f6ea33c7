import type { SubscriptionRow } from './subscription-row.js';
import { meaningOf } from './subscription-status.js';

/**
 * The subscriptions that a user pays for beside one another, oldest first; none where there is only one. The gateway's guard
 * cannot see what somebody makes in Stripe's Dashboard, or through its API.
 */
export function duplicatesAmong(subscriptions: readonly SubscriptionRow[]): SubscriptionRow[] {
  const billed = subscriptions.filter(({ status }) => meaningOf(status) === 'granting' || status === 'past_due');
  if (billed.length < 2) return [];
  return billed.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}
