import { nextLook } from '@billhook/billing';
import type { NextLook, SubscriptionRow } from '@billhook/billing';
import { subscriptionsOf } from './ledger.js';
import type { Ledger, Rules } from './ledger.js';
import { policyClock } from './stripe-time.js';

/** When Stripe is to be asked about a subscription: the moment that the rules name, and when that is by our own clock. */
export interface LookColumns {
  subscriptionId: string;
  nextLookAt: Date | null;
  lookReason: NextLook['reason'] | null;
  lookDueAt: Date | null;
}

/** What has come by the policy's clock is due at once, whatever ours says. */
export function lookOf(
  row: SubscriptionRow,
  newestStripeTime: Date | null,
  { graceDays, now }: LookRules,
): LookColumns {
  const { subscriptionId } = row;
  const look = nextLook([row], graceDays);
  if (look === null) return { subscriptionId, nextLookAt: null, lookReason: null, lookDueAt: null };
  const isDue = look.at <= policyClock(newestStripeTime, now);
  return { subscriptionId, nextLookAt: look.at, lookReason: look.reason, lookDueAt: isDue ? now : look.at };
}

type LookRules = Pick<Rules, 'graceDays' | 'now'>;

/**
 * Of every subscription whose moment this batch may have moved: those that changed, and those of the users whose clock went on.
 * By whether the row itself is written anyway.
 */
export function looksOf(ledger: Ledger, rules: LookRules): { changed: LookColumns[]; others: LookColumns[] } {
  const { changes } = ledger;
  const changed = [...changes.subscriptions].flatMap((id) => ledger.subscriptions.get(id) ?? []);
  const others = [...changes.accounts]
    .flatMap((userId) => subscriptionsOf(ledger, userId))
    .filter(({ subscriptionId }) => !changes.subscriptions.has(subscriptionId));
  const look = (row: SubscriptionRow) => lookOf(row, ledger.accounts.get(row.userId)?.newestStripeTime ?? null, rules);
  return { changed: changed.map(look), others: others.map(look) };
}
