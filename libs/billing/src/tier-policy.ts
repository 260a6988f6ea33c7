import { tierNames } from '@billhook/contracts';
import type { Tier } from '@billhook/contracts';
import { isScheduledToEnd, scheduledEnd } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { meaningOf } from './subscription-status.js';

/** How long a failed renewal keeps its tier. Stripe's own retries run for two weeks by default. */
export const defaultGraceDays = 14;

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
  reasons: TierReason[];
}

export interface TierQuestion {
  subscriptions: readonly SubscriptionRow[];
  now: Date;
  /** What the user has had so far: kept where Stripe says something that we do not understand. */
  previousTier: Tier;
  graceDays: number;
}

/** The best of all subscriptions: the end of one never takes what another still grants. */
export function tierFor(question: TierQuestion): TierDecision {
  const verdicts = question.subscriptions.map((row) => verdictOn(row, question));
  const best = verdicts.toSorted(byWorth)[0];
  if (best === undefined) return { tier: 0, until: null, reasons: [noSubscription] };
  return { tier: best.tier, until: best.tier === 0 ? null : best.until, reasons: verdicts.map(({ reason }) => reason) };
}

interface Verdict {
  tier: Tier;
  until: Date | null;
  reason: TierReason;
}

function byWorth(a: Verdict, b: Verdict): number {
  return b.tier - a.tier || lasting(b) - lasting(a);
}

function lasting(verdict: Verdict): number {
  return verdict.until?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function verdictOn(row: SubscriptionRow, question: TierQuestion): Verdict {
  const meaning = meaningOf(row.status);
  switch (meaning) {
    case 'granting':
      return grant(row, question, {
        until: scheduledEnd(row),
        code: `subscription_${row.status}`,
        text: activeText(row),
      });
    case 'past_due':
      return verdictOnPastDue(row, question);
    case 'unpaid':
    case 'paused':
    case 'incomplete':
    case 'incomplete_expired':
    case 'canceled':
      return nothing(`subscription_${meaning}`, `Subscription ${row.subscriptionId} is ${meaning.replace('_', ' ')}.`);
    case 'unknown':
      return keep(
        question,
        'status_unknown',
        `Subscription ${row.subscriptionId} has a status unknown here: ${row.status}.`,
      );
    default:
      return meaning satisfies never;
  }
}

function verdictOnPastDue(row: SubscriptionRow, question: TierQuestion): Verdict {
  const since = row.pastDue?.since ?? row.order.at;
  const until = new Date(since.getTime() + question.graceDays * 86_400_000);
  const name = `Subscription ${row.subscriptionId}`;
  if (question.now >= until) {
    return nothing('past_due_grace_over', `${name} is past due, and its grace ended at ${until.toISOString()}.`);
  }
  const text = `${name} is past due; ${planText(row)} is kept until ${until.toISOString()}.`;
  return grant(row, question, { until, code: 'past_due_in_grace', text });
}

function grant(
  row: SubscriptionRow,
  question: TierQuestion,
  terms: { until: Date | null; code: string; text: string },
): Verdict {
  if (row.tier === null) return keep(question, 'price_unknown', unknownPriceText(row));
  return { tier: row.tier, until: terms.until, reason: { code: terms.code, text: terms.text } };
}

/** Taking access away, or granting it, for something that we do not understand would both be guesses. */
function keep(question: TierQuestion, code: string, text: string): Verdict {
  return { tier: question.previousTier, until: null, reason: { code, text: `${text} The tier stays as it was.` } };
}

function nothing(code: string, text: string): Verdict {
  return { tier: 0, until: null, reason: { code, text } };
}

function activeText(row: SubscriptionRow): string {
  const text = `Subscription ${row.subscriptionId} is ${row.status} on ${planText(row)}`;
  if (!isScheduledToEnd(row)) return `${text}.`;
  return `${text} and ends at ${scheduledEnd(row)?.toISOString() ?? 'the end of its period'}.`;
}

function planText(row: SubscriptionRow): string {
  if (row.tier === null) return 'its plan';
  const name = tierNames[row.tier];
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function unknownPriceText(row: SubscriptionRow): string {
  return `Subscription ${row.subscriptionId} is on price ${row.priceId ?? '(none)'}, which no plan knows.`;
}

const noSubscription: TierReason = { code: 'no_subscription', text: 'There is no subscription.' };
