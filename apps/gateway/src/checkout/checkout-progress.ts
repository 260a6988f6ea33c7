import type { Account } from '@billhook/contracts';

/** How far a purchase has come, as its buyer sees it. */
export type CheckoutProgress =
  | { kind: 'active'; planName: string }
  /** Paid, but the account does not say so yet. */
  | { kind: 'confirming' }
  | { kind: 'unpaid'; url: string | null }
  | { kind: 'expired' }
  /** An old success page: what it told of has been replaced or has ended since. */
  | { kind: 'past' };

/** After this long an account that shows something else is not late any more: things have moved on. */
const lateMs = 10 * 60_000;

/** For a session that Stripe calls complete. Only the account grants: it says `active`, or nothing does. */
export function progressOfPaid(
  paid: { subscriptionId: string | null; completedAt: Date; planName: string },
  account: Account,
  now: Date,
): CheckoutProgress {
  const { subscription } = account;
  if (subscription !== null && subscription.id === paid.subscriptionId) {
    return subscription.is_active && account.tier > 0
      ? { kind: 'active', planName: paid.planName }
      : { kind: subscription.is_canceled ? 'past' : 'confirming' };
  }
  return { kind: now.getTime() - paid.completedAt.getTime() > lateMs ? 'past' : 'confirming' };
}
