import type { Account, BillingCycle, Tier } from '@billhook/contracts';

export type PendingKind = 'cancel_at_period_end' | 'cancel_now' | 'resume' | 'change_now' | 'change_at_period_end';

/** A change that Stripe has accepted from us and whose event has not come back yet. */
export interface PendingChange {
  kind: PendingKind;
  subscriptionId: string;
  /** The plan that it leads to; null when it is not about the plan. */
  plan: { tier: Tier; billingCycle: BillingCycle } | null;
  /** When access, or the plan that the account shows, ends by this change; null when it does not. */
  endsAt: Date | null;
  requestedAt: Date;
}

/** `pending` of `GET /v1/account`. */
export interface PendingView {
  change: PendingKind;
  subscription_id: string;
  tier: Tier | null;
  billing_cycle: BillingCycle | null;
  ends_at: string | null;
  requested_at: string;
  expires_at: string;
}

/** After this long without the event, what the account says counts again: the overlay must not hide a lost event. */
const overlayMs = 60_000;

/**
 * What to show on top of the account, or null once the event has confirmed it, or its time is over. It stands beside the
 * account and cannot raise the tier.
 */
export function pendingFor(account: Account, change: PendingChange | null, now: Date): PendingView | null {
  if (change === null || isConfirmed(account, change)) return null;
  const expiresAt = new Date(change.requestedAt.getTime() + overlayMs);
  if (expiresAt <= now) return null;
  return {
    change: change.kind,
    subscription_id: change.subscriptionId,
    tier: change.plan?.tier ?? null,
    billing_cycle: change.plan?.billingCycle ?? null,
    ends_at: change.endsAt?.toISOString() ?? null,
    requested_at: change.requestedAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}

function isConfirmed({ subscription }: Account, { kind, plan, subscriptionId }: PendingChange): boolean {
  if (subscription === null || subscription.id !== subscriptionId || subscription.is_canceled) return true;
  // What grants nothing can only be given up.
  if (!subscription.is_active && kind !== 'cancel_now') return true;
  switch (kind) {
    case 'cancel_at_period_end':
      return !subscription.will_renew;
    case 'resume':
      return subscription.will_renew && subscription.scheduled_change === null;
    case 'cancel_now':
      return false;
    case 'change_now':
      return isPlan(plan, subscription);
    case 'change_at_period_end':
      return subscription.scheduled_change !== null && isPlan(plan, subscription.scheduled_change);
    default:
      return kind satisfies never;
  }
}

function isPlan(
  plan: PendingChange['plan'],
  shown: { tier: Tier | null; billing_cycle: BillingCycle | null },
): boolean {
  return plan !== null && plan.tier === shown.tier && plan.billingCycle === shown.billing_cycle;
}
