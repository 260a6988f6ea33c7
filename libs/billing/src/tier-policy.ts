import type { Tier } from '@billhook/contracts';
import type { Evidence } from './evidence.js';
import { graceEnd } from './grace.js';
import type { GraceDays } from './grace.js';
import { moneyAlerts } from './money-alerts.js';
import { paidUntil, revocationOf } from './revocation.js';
import type { Revocation } from './revocation.js';
import { scheduledEnd } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { grants, isTerminal, meaningOf } from './subscription-status.js';
import { asLastUnderstood, whyNotUnderstood } from './understood.js';
import type { NotUnderstood } from './understood.js';
import { planText, stateText, unknownPriceText } from './tier-texts.js';

export interface TierReason {
  /** For machines. */
  code: string;
  /** For people. */
  text: string;
}

/** `until` is when the tier ends if nothing else happens; null when it renews, or is Free. */
export interface TierDecision {
  tier: Tier;
  until: Date | null;
  /** One for each subscription, in their order. */
  reasons: TierReason[];
  /** What an operator should look at: Stripe said something that is not understood here. */
  alerts: TierReason[];
}

export interface TierQuestion {
  subscriptions: readonly SubscriptionRow[];
  evidence: Evidence;
  now: Date;
  graceDays: GraceDays;
}

/** What one subscription is worth. `alert` where it is judged by what it was, because it is not understood. */
export interface Verdict {
  tier: Tier;
  until: Date | null;
  reason: TierReason;
  alert: TierReason | null;
}

/** The best of all subscriptions: the end of one never takes what another still grants. */
export function tierFor(question: TierQuestion): TierDecision {
  const verdicts = question.subscriptions.map((row) => verdictOn(row, question));
  const best = verdicts.toSorted(byWorth)[0];
  const alerts = [...verdicts.flatMap(({ alert }) => alert ?? []), ...moneyAlerts(question.evidence)];
  if (best === undefined) return { tier: 0, until: null, reasons: [noSubscription], alerts };
  return {
    tier: best.tier,
    until: best.tier === 0 ? null : best.until,
    reasons: verdicts.map(({ reason }) => reason),
    alerts,
  };
}

/**
 * What one subscription is worth. One that is not understood (a status or a price that nobody here knows) is worth what it was
 * when it was: taking access away, or granting it, would both be guesses.
 */
export function verdictOn(row: SubscriptionRow, question: TierQuestion): Verdict {
  const isGone = question.evidence.deletedCustomerIds.includes(row.customerId) && !isTerminal(row.status);
  if (isGone) return nothing('customer_deleted', `The customer of subscription ${row.subscriptionId} was deleted.`);
  const why = whyNotUnderstood(row);
  return why === null
    ? verdictOnUnderstood(row, question)
    : verdictOnUnknown(row, { code: why, text: unknownText(row, why) }, question);
}

function byWorth(a: Verdict, b: Verdict): number {
  return b.tier - a.tier || lasting(b) - lasting(a);
}

function lasting(verdict: Verdict): number {
  return verdict.until?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function verdictOnUnknown(row: SubscriptionRow, alert: TierReason, question: TierQuestion): Verdict {
  const last = row.lastUnderstood;
  if (last === null || !grants(last.status))
    return { ...nothing(alert.code, `${alert.text} It had no tier before, as far as is known.`), alert };
  const verdict = verdictOnUnderstood(asLastUnderstood(row), question);
  const text = `${alert.text} It counts as what it was. ${verdict.reason.text}`;
  return { ...verdict, reason: { code: alert.code, text }, alert };
}

function verdictOnUnderstood(row: SubscriptionRow, question: TierQuestion): Verdict {
  const meaning = meaningOf(row.status);
  switch (meaning) {
    case 'granting':
      return verdictOnRunning(row, question);
    case 'past_due':
      return revoked(row, question) ?? verdictOnPastDue(row, question);
    case 'unpaid':
    case 'paused':
    case 'incomplete':
    case 'incomplete_expired':
    case 'canceled':
    // An unknown status was replaced by the last known one before.
    case 'unknown':
      return nothing(`subscription_${meaning}`, stateText(row));
    default:
      return meaning satisfies never;
  }
}

/** Nothing is paid for a trial, so nothing that went back ends it. */
function verdictOnRunning(row: SubscriptionRow, question: TierQuestion): Verdict {
  const terms = { until: scheduledEnd(row), code: `subscription_${row.status}`, text: stateText(row) };
  if (row.status === 'trialing') return grant(row, terms);
  const verdict = revoked(row, question);
  if (verdict !== null) return verdict;
  return row.collectionPause === null ? grant(row, terms) : verdictOnCollectionPause(row, terms.until, question);
}

/**
 * While collection is paused Stripe keeps the subscription active and goes on to new periods. `void` is for who cannot serve its
 * customers meanwhile: they have what they paid for. The other behaviours serve for free, or until later
 * (docs.stripe.com, "Pause payment collection").
 */
function verdictOnCollectionPause(row: SubscriptionRow, until: Date | null, question: TierQuestion): Verdict {
  const name = `Collection for subscription ${row.subscriptionId} is paused`;
  if (row.collectionPause?.behavior !== 'void')
    return grant(row, { until, code: 'collection_paused', text: `${name}; ${planText(row)} is kept.` });
  const paidTo = paidUntil(row.subscriptionId, question.evidence) ?? row.currentPeriodEnd;
  if (paidTo !== null && question.now >= paidTo)
    return nothing('collection_paused_void', `${name}, and what was paid for ended at ${paidTo.toISOString()}.`);
  const text = `${name}; ${planText(row)} is kept for what was paid.`;
  return grant(row, { until: earlierOf(paidTo, until), code: 'collection_paused_void', text });
}

function earlierOf(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/**
 * The clock alone ends no grace: the payment may be on its way to us. What Stripe said at its end or later does, and Stripe is
 * asked then.
 */
function verdictOnPastDue(row: SubscriptionRow, question: TierQuestion): Verdict {
  const until = graceEnd(row, question.graceDays);
  const name = `Subscription ${row.subscriptionId}`;
  if (row.order.at >= until)
    return nothing('past_due_grace_over', `${name} is past due, and its grace ended at ${until.toISOString()}.`);
  const isOver = question.now >= until;
  const kept = isOver
    ? `until Stripe has said whether it was paid by ${until.toISOString()}`
    : `until ${until.toISOString()}`;
  return grant(row, {
    until,
    code: 'past_due_in_grace',
    text: `${name} is past due; ${planText(row)} is kept ${kept}.`,
  });
}

function revoked(row: SubscriptionRow, { evidence, now }: TierQuestion): Verdict | null {
  const revocation = revocationOf(row.subscriptionId, evidence, now);
  return revocation === null
    ? null
    : nothing(`payment_${revocationWords[revocation.by]}`, revokedText(row, revocation));
}

const revocationWords = { refund: 'refunded', dispute: 'disputed' } as const;

function revokedText({ subscriptionId }: SubscriptionRow, { by, invoiceId }: Revocation): string {
  const what = by === 'refund' ? 'was refunded in full' : 'was charged back';
  return `Invoice ${invoiceId}, the newest that was paid for subscription ${subscriptionId}, ${what}.`;
}

function grant(row: SubscriptionRow, terms: { until: Date | null; code: string; text: string }): Verdict {
  const { until, code, text } = terms;
  return { tier: row.tier ?? 0, until, reason: { code, text }, alert: null };
}

function nothing(code: string, text: string): Verdict {
  return { tier: 0, until: null, reason: { code, text }, alert: null };
}

function unknownText(row: SubscriptionRow, why: NotUnderstood): string {
  return why === 'price_unknown'
    ? unknownPriceText(row)
    : `Subscription ${row.subscriptionId} has a status unknown here: ${row.status}.`;
}

const noSubscription: TierReason = { code: 'no_subscription', text: 'There is no subscription.' };
