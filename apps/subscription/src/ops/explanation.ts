import { explainTier, toView, unopenedAccount } from '@billhook/billing';
import type { NextLook, SubscriptionRow, TierReason } from '@billhook/billing';
import { tierNames } from '@billhook/contracts';
import type { Account, SubscriptionView, Tier, TierName } from '@billhook/contracts';
import type { Rules } from '../ledger/ledger.js';
import { policyClock } from '../ledger/stripe-time.js';
import { unknownAtStripe } from '../fetch/pending-fetch.store.js';
import type { Dossier, PastEvent } from './explain.store.js';

/** Why a user has the tier they have. Times are ISO 8601 UTC. */
export interface Explanation {
  user_id: string;
  /** What was announced last; Free, version 0, for a user never seen. */
  account: Account;
  /** What the policy answers at this moment, and why. */
  verdict: {
    tier: Tier;
    tier_name: TierName;
    until: string | null;
    reasons: TierReason[];
    /** What somebody should look at. */
    alerts: TierReason[];
    /** What would change it next: the dated first, in their order. */
    outlook: { subscription_id: string; at: string | null; text: string }[];
    /** When Stripe is asked, if no event comes before; null when nothing is to be waited for. */
    next_look: { subscription_id: string; reason: NextLook['reason']; at: string } | null;
    at: string;
  };
  customer_ids: string[];
  subscriptions: (SubscriptionView & { newest_event: { at: string; kind: string } })[];
  /** Subscriptions that Stripe is being asked about. */
  pending_fetches: {
    subscription_id: string;
    reason: string;
    attempts: number;
    last_error: string | null;
    due_at: string;
  }[];
  /** Newest first. */
  last_events: {
    id: string;
    type: string;
    occurred_at: string;
    recorded_at: string;
    status: string | null;
    reason: string | null;
  }[];
}

export function explain(userId: string, dossier: Dossier, rules: Rules): Explanation {
  const account = dossier.entry?.account ?? unopenedAccount(userId, rules.catalogue, rules.now);
  return {
    user_id: userId,
    account,
    verdict: verdictOf(dossier, rules),
    customer_ids: dossier.customerIds,
    subscriptions: dossier.subscriptions.map(toSubscriptionAnswer),
    pending_fetches: dossier.fetches.map((fetch) => ({
      subscription_id: fetch.subscriptionId,
      reason: fetch.reason,
      attempts: fetch.attempts,
      last_error: fetch.lastError,
      due_at: fetch.dueAt.toISOString(),
    })),
    last_events: dossier.events.map(toEventAnswer),
  };
}

function verdictOf(dossier: Dossier, rules: Rules): Explanation['verdict'] {
  const now = policyClock(dossier.entry?.newestStripeTime ?? null, rules.now);
  const { subscriptions, evidence } = dossier;
  const explained = explainTier({ subscriptions, evidence, now, graceDays: rules.graceDays });
  const { tier, until, reasons, alerts, outlook, nextLook } = explained;
  return {
    tier,
    tier_name: tierNames[tier],
    until: iso(until),
    reasons,
    alerts: [...alerts, ...fetchAlerts(dossier)],
    outlook: outlook.map(({ subscriptionId, at, text }) => ({ subscription_id: subscriptionId, at: iso(at), text })),
    next_look: nextLook === null ? null : toLookAnswer(nextLook),
    at: now.toISOString(),
  };
}

/** Nobody's tier is taken for it: with the key of another account Stripe knows none of our subscriptions. */
function fetchAlerts({ fetches }: Dossier): TierReason[] {
  return fetches
    .filter(({ lastError }) => lastError === unknownAtStripe)
    .map(({ subscriptionId }) => ({
      code: 'unknown_at_stripe',
      text: `Stripe says that there is no subscription ${subscriptionId}. Is STRIPE_SECRET_KEY of the right account?`,
    }));
}

function toLookAnswer({ subscriptionId, reason, at }: NextLook): Explanation['verdict']['next_look'] {
  return { subscription_id: subscriptionId, reason, at: at.toISOString() };
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

function toSubscriptionAnswer(row: SubscriptionRow): Explanation['subscriptions'][number] {
  return { ...toView(row), newest_event: { at: row.order.at.toISOString(), kind: row.order.kind } };
}

function toEventAnswer(event: PastEvent): Explanation['last_events'][number] {
  return {
    id: event.id,
    type: event.type,
    occurred_at: event.occurredAt.toISOString(),
    recorded_at: event.recordedAt.toISOString(),
    status: event.outcome,
    reason: event.reason,
  };
}
