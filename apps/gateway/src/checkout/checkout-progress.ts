import type { PlanPrice } from '@billhook/billing';
import type { Account, SubscriptionView } from '@billhook/contracts';

/** How far a purchase has come, as its buyer sees it. */
export type CheckoutProgress =
  | { kind: 'active'; planName: string; price: PlanPrice | null; next: FirstRenewal | null }
  /** Paid, but the account does not say so yet. Late is what Stripe itself is asked about. */
  | { kind: 'confirming'; isLate: boolean }
  /** The bank or the customer has something left to do before the subscription begins. */
  | { kind: 'action_needed'; url: string | null }
  /** The payment did not come about in the end, and Stripe has given the subscription up. */
  | { kind: 'failed' }
  | { kind: 'unpaid'; url: string | null }
  | { kind: 'expired' }
  /** An old success page: what it told of has been replaced or has ended since. */
  | { kind: 'past' };

/** When the plan is paid for the next time, or for the first time after a trial. */
export interface FirstRenewal {
  on: string;
  isAfterTrial: boolean;
}

/** How long a confirmation is waited for before Stripe itself is asked to tell. */
const pullAfterMs = 5_000;

/** After this long an account that shows something else is not late any more: things have moved on. */
const pastAfterMs = 10 * 60_000;

/** For a session that Stripe calls complete. Only the account grants: it says `active`, or nothing does. */
export function progressOfPaid(
  paid: { subscriptionId: string | null; completedAt: Date; planName: string; price: PlanPrice | null },
  account: Account,
  now: Date,
): CheckoutProgress {
  const { subscription } = account;
  const waitedMs = now.getTime() - paid.completedAt.getTime();
  const confirming = { kind: 'confirming', isLate: waitedMs >= pullAfterMs } as const;
  if (subscription === null || subscription.id !== paid.subscriptionId)
    return waitedMs > pastAfterMs ? { kind: 'past' } : confirming;
  if (subscription.is_active && account.tier > 0)
    return {
      kind: 'active',
      planName: paid.planName,
      price: samePrice(paid.price, subscription),
      next: firstRenewal(subscription),
    };
  const kind = standstillOf(subscription);
  if (kind === 'confirming') return confirming;
  return kind === 'action_needed' ? { kind, url: account.action_required?.url ?? null } : { kind };
}

/** What is on sale now is said only of who pays it: the plan may have been changed since, and its price too. */
function samePrice(price: PlanPrice | null, { price_id }: SubscriptionView): PlanPrice | null {
  return price !== null && price.priceIds[0] === price_id ? price : null;
}

function firstRenewal({ will_renew, status, trial_end, current_period_end }: SubscriptionView): FirstRenewal | null {
  const isAfterTrial = status === 'trialing';
  const on = isAfterTrial ? trial_end : current_period_end;
  return will_renew && on !== null ? { on, isAfterTrial } : null;
}

/** What a subscription that grants nothing waits for. Stripe's statuses are open: on an unknown one, for the next event. */
function standstillOf({ status, is_canceled }: SubscriptionView): 'action_needed' | 'confirming' | 'failed' | 'past' {
  switch (status) {
    case 'incomplete':
    case 'past_due':
    case 'unpaid':
      return 'action_needed';
    case 'incomplete_expired':
      return 'failed';
    default:
      return is_canceled ? 'past' : 'confirming';
  }
}
