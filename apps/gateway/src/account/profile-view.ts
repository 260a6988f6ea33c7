import { planOf } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { BillingCycle, SubscriptionView } from '@billhook/contracts';
import type { AccountAnswer } from './account-answer.js';

/** What happens next with a subscription, as a person would ask it. */
export type Outlook =
  | { kind: 'free' }
  | { kind: 'renews'; on: string | null }
  | { kind: 'ends'; on: string | null }
  | { kind: 'ending_now' }
  /** The last payment failed and the plan is kept for a while. */
  | { kind: 'past_due' }
  /** There is a subscription at Stripe, but it grants nothing: unpaid, paused, incomplete. */
  | { kind: 'inactive'; status: string };

export interface ProfileView {
  planName: string;
  tier: 0 | 1 | 2;
  price: { amount: number; currency: string; billingCycle: BillingCycle } | null;
  outlook: Outlook;
  /** Not confirmed by Stripe's event yet. */
  isPending: boolean;
  canCancel: boolean;
  canResume: boolean;
  canManage: boolean;
}

export function profileView(account: AccountAnswer, catalogue: PlanCatalogue): ProfileView {
  const plan = planOf(catalogue, account.tier);
  const outlook = outlookOf(account);
  const isLive = outlook.kind === 'renews' || outlook.kind === 'past_due';
  const cycle = account.subscription?.billing_cycle ?? null;
  const price = plan.prices.find((each) => each.billingCycle === cycle) ?? null;
  return {
    planName: plan.name,
    tier: account.tier,
    price: price && { amount: price.amount, currency: price.currency, billingCycle: price.billingCycle },
    outlook,
    isPending: account.pending !== null,
    canCancel: isLive,
    canResume: outlook.kind === 'ends',
    canManage: account.subscription !== null,
  };
}

function outlookOf({ tier, subscription, pending }: AccountAnswer): Outlook {
  if (subscription === null || subscription.is_canceled) return { kind: 'free' };
  if (pending === null) return confirmedOutlook(tier, subscription);
  switch (pending.change) {
    case 'cancel_now':
      return { kind: 'ending_now' };
    case 'cancel_at_period_end':
      return { kind: 'ends', on: pending.ends_at ?? subscription.current_period_end };
    case 'resume':
      return { kind: 'renews', on: subscription.current_period_end };
    default:
      return pending.change satisfies never;
  }
}

function confirmedOutlook(tier: number, subscription: SubscriptionView): Outlook {
  if (!subscription.is_active || tier === 0) return { kind: 'inactive', status: subscription.status };
  if (!subscription.will_renew) {
    return { kind: 'ends', on: subscription.cancel_at ?? subscription.current_period_end };
  }
  if (subscription.status === 'past_due') return { kind: 'past_due' };
  return { kind: 'renews', on: subscription.current_period_end };
}
