import type { Tier } from '@billhook/contracts';
import { nextLook } from './next-look.js';
import type { NextLook } from './next-look.js';
import { isScheduledToEnd, scheduledEnd } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { meaningOf } from './subscription-status.js';
import { tierFor, verdictOn } from './tier-policy.js';
import type { TierQuestion, TierReason, Verdict } from './tier-policy.js';
import { planText } from './tier-texts.js';

/** What would change a subscription's part in the tier next. `at` is null for what has no date, like a payment. */
export interface Outlook {
  subscriptionId: string;
  at: Date | null;
  text: string;
}

export interface TierExplanation {
  tier: Tier;
  until: Date | null;
  reasons: TierReason[];
  alerts: TierReason[];
  /** In the order in which it may happen; what has no date comes last. */
  outlook: Outlook[];
  /** When Stripe is asked, if no event comes before. */
  nextLook: NextLook | null;
}

/** Why a user has the tier they have, and what would change it next: for people. */
export function explainTier(question: TierQuestion): TierExplanation {
  const decision = tierFor(question);
  const outlook = question.subscriptions.flatMap((row) => outlookOf(row, question));
  return {
    ...decision,
    outlook: outlook.toSorted(byDate),
    nextLook: nextLook(question.subscriptions, question.graceDays),
  };
}

function byDate(a: Outlook, b: Outlook): number {
  return time(a) - time(b);
}

function time({ at }: Outlook): number {
  return at?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function outlookOf(row: SubscriptionRow, question: TierQuestion): Outlook[] {
  const { reason, tier, until } = verdictOn(row, question);
  const about = (at: Date | null, text: string): Outlook[] => [{ subscriptionId: row.subscriptionId, at, text }];
  switch (reason.code) {
    case 'customer_deleted':
      return [];
    case 'payment_refunded':
      return about(null, `${planText(row)} comes back with the next invoice that is paid.`);
    case 'payment_disputed':
      return about(null, `${planText(row)} comes back when the dispute is won, or with the next invoice that is paid.`);
    case 'past_due_in_grace':
      return about(until, graceText(until, question));
    case 'past_due_grace_over':
      return about(null, `${planText(row)} comes back as soon as a payment succeeds.`);
    case 'collection_paused_void':
      return about(tier === 0 ? (row.collectionPause?.resumesAt ?? null) : until, voidPauseText(row, tier));
    default:
      return [...(overdue(row, question) ?? outlookOnStatus(row, { tier, until })), ...pendingUpdate(row)];
  }
}

/** What Stripe should have told by now, and has not: it is asked until it does. */
function overdue(row: SubscriptionRow, { graceDays, now }: TierQuestion): Outlook[] | null {
  const moment = scheduledEnd(row) ?? (row.status === 'trialing' ? row.trialEnd : row.currentPeriodEnd);
  if (meaningOf(row.status) !== 'granting' || moment === null || moment >= now) return null;
  const text = `Stripe has not told what followed on ${moment.toISOString()}; ${planText(row)} stays until it has.`;
  return [{ subscriptionId: row.subscriptionId, at: nextLook([row], graceDays)?.at ?? null, text }];
}

function graceText(until: Date | null, { now }: TierQuestion): string {
  const isAsked = until !== null && now >= until;
  return `Free, unless a payment ${isAsked ? 'succeeded before: Stripe is being asked' : 'succeeds before: Stripe is asked then'}, and its answer decides.`;
}

function voidPauseText(row: SubscriptionRow, tier: Tier): string {
  return tier === 0 ? `${planText(row)} comes back when collection is resumed.` : 'Free, unless collection is resumed.';
}

function outlookOnStatus(row: SubscriptionRow, { tier, until }: Pick<Verdict, 'tier' | 'until'>): Outlook[] {
  const about = (at: Date | null, text: string): Outlook[] => [{ subscriptionId: row.subscriptionId, at, text }];
  const meaning = meaningOf(row.status);
  switch (meaning) {
    case 'granting':
      if (isScheduledToEnd(row)) return about(scheduledEnd(row), 'Free, unless the cancellation is undone before.');
      if (row.status === 'trialing')
        return about(row.trialEnd, 'The trial ends: paid from then on, or paused or canceled.');
      return about(until ?? row.currentPeriodEnd, `${planText(row)} renews, if its payment succeeds.`);
    case 'past_due':
      return about(null, `${planText(row)} stays if a payment succeeds.`);
    case 'unpaid':
    case 'paused':
      return about(null, `${planText(row)} comes back when the subscription is active again.`);
    case 'incomplete':
      return about(null, `${planText(row)} begins when the first payment succeeds.`);
    case 'unknown':
      return about(null, tier === 0 ? 'Somebody has to look.' : 'It stays until somebody has looked.');
    case 'incomplete_expired':
    case 'canceled':
      return [];
    default:
      return meaning satisfies never;
  }
}

function pendingUpdate(row: SubscriptionRow): Outlook[] {
  const { subscriptionId, pendingUpdateExpiresAt: at } = row;
  if (at === null) return [];
  return [{ subscriptionId, at, text: 'A change of plan waits for its payment, and is dropped then.' }];
}
