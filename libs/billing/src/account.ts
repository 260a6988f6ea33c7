import { tierNames } from '@billhook/contracts';
import type { Account, DomainEvent, SubscriptionView, Tier } from '@billhook/contracts';
import { actionRequired } from './action-required.js';
import { noEvidence } from './evidence.js';
import type { Evidence } from './evidence.js';
import type { GraceDays } from './grace.js';
import { planOf } from './plan-catalogue.js';
import type { PlanCatalogue } from './plan-catalogue.js';
import { scheduledChange } from './scheduled-change.js';
import { toView } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { meaningOf } from './subscription-status.js';
import { tierFor } from './tier-policy.js';

export interface AccountQuestion {
  userId: string;
  subscriptions: readonly SubscriptionRow[];
  evidence: Evidence;
  tier: Tier;
  catalogue: PlanCatalogue;
  /** The policy's clock. */
  now: Date;
  version: number;
  /** The newest Stripe time that went into it. */
  asOf: Date;
}

export function accountFor(question: AccountQuestion): Account {
  const shown = shownSubscription(question.subscriptions);
  return {
    user_id: question.userId,
    tier: question.tier,
    tier_name: tierNames[question.tier],
    entitlements: planOf(question.catalogue, question.tier).entitlements,
    subscription: shown === null ? null : viewOf(shown, question),
    action_required: shown === null ? null : actionRequired(shown, question.evidence),
    version: question.version,
    as_of: question.asOf.toISOString(),
  };
}

/** Views of rows are shared: one with a change to come is made anew. */
function viewOf(row: SubscriptionRow, { evidence, catalogue, now }: AccountQuestion): SubscriptionView {
  const scheduled_change = scheduledChange(row, evidence, { catalogue, now });
  return scheduled_change === null ? toView(row) : { ...toView(row), scheduled_change };
}

/** An account that nobody has opened reads as Free, version 0. */
export function unopenedAccount(userId: string, catalogue: PlanCatalogue, asOf: Date): Account {
  const nothing = { subscriptions: [], evidence: noEvidence, tier: 0 } as const;
  return accountFor({ userId, ...nothing, catalogue, version: 0, now: asOf, asOf });
}

/** Opening announces the account once, so that every read model has it from its first day. */
export function openAccount(current: Account): { account: Account; domainEvents: DomainEvent[] } {
  if (current.version > 0) return { account: current, domainEvents: [] };
  const account = { ...current, version: 1 };
  return { account, domainEvents: [{ type: 'billing.account.changed', data: account }] };
}

export interface Circumstances {
  catalogue: PlanCatalogue;
  graceDays: GraceDays;
  evidence: Evidence;
  /** The policy's clock: the later of the wall clock and the newest Stripe time seen for the customer. */
  now: Date;
  /** When what led to this happened. */
  at: Date;
  asOf: Date;
}

/**
 * The account after its subscriptions, or what is known of their money, changed, and the events that say so: none when it reads
 * as before.
 */
export function reconsiderAccount(
  current: Account,
  subscriptions: readonly SubscriptionRow[],
  circumstances: Circumstances,
): { account: Account; domainEvents: DomainEvent[] } {
  const { catalogue, graceDays, evidence, now, asOf } = circumstances;
  const decision = tierFor({ subscriptions, evidence, now, graceDays });
  const next = { userId: current.user_id, subscriptions, evidence, tier: decision.tier, catalogue, now, asOf };
  if (isSameAccount(current, accountFor({ ...next, version: current.version })))
    return { account: current, domainEvents: [] };
  const account = accountFor({ ...next, version: current.version + 1 });
  const domainEvents: DomainEvent[] = [{ type: 'billing.account.changed', data: account }];
  if (account.tier === current.tier) return { account, domainEvents };
  const [from, to, at] = [current.tier, account.tier, circumstances.at.toISOString()];
  const data = { user_id: current.user_id, from, to, reasons: decision.reasons, at };
  return { account, domainEvents: [{ type: 'billing.tier.changed', data }, ...domainEvents] };
}

/** Later knowledge of the same facts is not a change. The subscription's keys may come in another order out of jsonb. */
function isSameAccount(a: Account, b: Account): boolean {
  const isSameState = isSameJson(a.subscription, b.subscription) && isSameJson(a.action_required, b.action_required);
  return a.tier === b.tier && isSameState && isSameJson(a.entitlements, b.entitlements);
}

/** For values as JSON knows them, lists included. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b || !isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSameJson(a[name], b[name]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The one a profile page shows: what grants first, then the better plan, then the younger. */
export function shownSubscription(subscriptions: readonly SubscriptionRow[]): SubscriptionRow | null {
  return subscriptions.toSorted(byStanding)[0] ?? null;
}

function byStanding(a: SubscriptionRow, b: SubscriptionRow): number {
  return (
    standing(b) - standing(a) ||
    (b.tier ?? -1) - (a.tier ?? -1) ||
    b.createdAt.getTime() - a.createdAt.getTime() ||
    (a.subscriptionId < b.subscriptionId ? -1 : 1)
  );
}

function standing(row: SubscriptionRow): number {
  const meaning = meaningOf(row.status);
  switch (meaning) {
    case 'granting':
    case 'past_due':
      return 3;
    case 'unpaid':
    case 'paused':
    case 'unknown':
      return 2;
    case 'incomplete':
      return 1;
    case 'incomplete_expired':
    case 'canceled':
      return 0;
    default:
      return meaning satisfies never;
  }
}
