import { graceEnd } from './grace.js';
import type { GraceDays } from './grace.js';
import { scheduledEnd } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { isTerminal, meaningOf } from './subscription-status.js';
import { asLastUnderstood } from './understood.js';

export type LookReason = 'grace_end' | 'trial_end' | 'period_end' | 'cancel_at' | 'resumes_at' | 'first_payment_end';

/** When a subscription is due to be fetched from Stripe, if no event comes before. */
export interface NextLook {
  at: Date;
  subscriptionId: string;
  reason: LookReason;
}

/** Stripe's own event of the moment should come first: deliveries take seconds, and are tried again after minutes. */
const patienceMs = 10 * 60_000;
/** An unpaid first invoice expires after 23 hours (docs.stripe.com, "Subscription statuses"). */
const firstPaymentMs = 23 * 3_600_000;
/** What has not happened by then waits for a person, or for a test clock that stands behind ours. */
const longestPauseMs = 24 * 3_600_000;

/**
 * The first moment at which something should have happened that no event may tell of: a period, a trial or a grace ends. Nothing
 * is downgraded by the clock: one asks Stripe then, and decides by the answer. What is overdue comes with its past time. Where a
 * newer snapshot lies behind the moment and it has not happened all the same, the next look comes after a pause that doubles each
 * time, up to a day; the end of a grace has happened once Stripe has answered that nothing was paid until then.
 */
export function nextLook(subscriptions: readonly SubscriptionRow[], graceDays: GraceDays): NextLook | null {
  const looks = subscriptions.flatMap((row) =>
    looksAt(row, graceDays).flatMap((look) => notBehind(look, row.order) ?? []),
  );
  return looks.toSorted(byTime)[0] ?? null;
}

/** Only Stripe's answer says whether a grace that is over was that of this failure: what is remembered may be of one before. */
function notBehind(look: NextLook, { at: lookedAt, kind }: SubscriptionRow['order']): NextLook | null {
  if (look.at > lookedAt) return look;
  if (look.reason === 'grace_end') return kind === 'fetched' ? null : look;
  const overdueMs = lookedAt.getTime() - look.at.getTime();
  const pauseMs = Math.min(Math.max(overdueMs, patienceMs), longestPauseMs);
  return { ...look, at: new Date(lookedAt.getTime() + pauseMs) };
}

function byTime(a: NextLook, b: NextLook): number {
  return a.at.getTime() - b.at.getTime() || (a.subscriptionId < b.subscriptionId ? -1 : 1);
}

function looksAt(row: SubscriptionRow, graceDays: GraceDays): NextLook[] {
  if (isTerminal(row.status)) return [];
  const { subscriptionId } = row;
  const judged = asLastUnderstood(row);
  const due = (reason: LookReason, at: Date | null): NextLook[] =>
    at === null ? [] : [{ at, subscriptionId, reason }];
  const patient = (reason: LookReason, at: Date | null) =>
    due(reason, at === null ? null : new Date(at.getTime() + patienceMs));
  return [
    ...(judged.status === 'past_due' ? due('grace_end', graceEnd(judged, graceDays)) : []),
    ...(row.status === 'trialing' ? patient('trial_end', row.trialEnd) : []),
    ...(row.status === 'incomplete'
      ? patient('first_payment_end', new Date(row.createdAt.getTime() + firstPaymentMs))
      : []),
    ...patient('cancel_at', scheduledEnd(row)),
    ...patient('resumes_at', row.collectionPause?.resumesAt ?? null),
    ...(hasPeriods(row) ? patient('period_end', row.currentPeriodEnd) : []),
  ];
}

/** A paused subscription does not go on to another period, and one that never began has none. */
function hasPeriods({ status }: SubscriptionRow): boolean {
  const meaning = meaningOf(status);
  return meaning === 'granting' || meaning === 'past_due' || meaning === 'unpaid' || meaning === 'unknown';
}
