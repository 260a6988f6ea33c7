import type { Account } from '@billhook/contracts';

export type PendingKind = 'cancel_at_period_end' | 'cancel_now' | 'resume';

/** A change that Stripe has accepted from us and whose event has not come back yet. */
export interface PendingChange {
  kind: PendingKind;
  subscriptionId: string;
  /** When access ends by this change; null when it does not. */
  endsAt: Date | null;
  requestedAt: Date;
}

/** `pending` of `GET /v1/account`. */
export interface PendingView {
  change: PendingKind;
  subscription_id: string;
  ends_at: string | null;
  requested_at: string;
  expires_at: string;
}

/** After this long without the event, what the account says counts again: the overlay must not hide a lost event. */
const overlayMs = 60_000;

/**
 * What to show on top of the account, or null once the event has confirmed it, or its time is over. It only ever tells of an
 * end or of a renewal; it cannot raise the tier.
 */
export function pendingFor(account: Account, change: PendingChange | null, now: Date): PendingView | null {
  if (change === null || isConfirmed(account, change)) return null;
  const expiresAt = new Date(change.requestedAt.getTime() + overlayMs);
  if (expiresAt <= now) return null;
  return {
    change: change.kind,
    subscription_id: change.subscriptionId,
    ends_at: change.endsAt?.toISOString() ?? null,
    requested_at: change.requestedAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}

function isConfirmed({ subscription }: Account, change: PendingChange): boolean {
  if (subscription === null || subscription.id !== change.subscriptionId || !subscription.is_active) return true;
  switch (change.kind) {
    case 'cancel_at_period_end':
      return !subscription.will_renew;
    case 'resume':
      return subscription.will_renew;
    case 'cancel_now':
      return false;
    default:
      return change.kind satisfies never;
  }
}
