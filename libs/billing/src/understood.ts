import type { Tier } from '@billhook/contracts';
import type { PlanCatalogue } from './plan-catalogue.js';
import type { SubscriptionEvent } from './subscription-event.js';
import { decidingPlan } from './subscription-row.js';
import type { SubscriptionRow, Understood } from './subscription-row.js';
import { grants, meaningOf } from './subscription-status.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

/** Whether both the status and the price of a subscription mean something to us. */
export function isUnderstood({ status, tier }: Pick<SubscriptionRow, 'status' | 'tier'>): boolean {
  return tier !== null && meaningOf(status) !== 'unknown';
}

export type NotUnderstood = 'status_unknown' | 'price_unknown';

/** Why nobody here can tell what a subscription is worth; null where they can, a price that does not matter included. */
export function whyNotUnderstood({ status, tier }: Pick<SubscriptionRow, 'status' | 'tier'>): NotUnderstood | null {
  if (meaningOf(status) === 'unknown') return 'status_unknown';
  return grants(status) && tier === null ? 'price_unknown' : null;
}

/**
 * A row as what it was when it was last understood. Past due before it became something unknown: its grace runs on from there, as
 * it was then that we last knew.
 */
export function asLastUnderstood(row: SubscriptionRow): SubscriptionRow {
  const last = row.lastUnderstood;
  if (last === null) return row;
  const isStatusKnown = meaningOf(row.status) !== 'unknown';
  const pastDue = isStatusKnown ? row.pastDue : { since: last.at, isExact: last.isExact };
  return { ...row, status: isStatusKnown ? row.status : last.status, tier: last.tier, pastDue };
}

/** What a subscription was when it was last understood, after an event that is not: what it keeps until we learn better. */
export function understoodAfter(
  current: SubscriptionRow | null,
  event: SubscriptionEvent,
  catalogue: PlanCatalogue,
): Understood | null {
  if (isUnderstood(stateOf(event.snapshot, catalogue))) return null;
  const kept = current === null ? null : understoodOf(current);
  return newestOf(kept, understoodBefore(event, catalogue));
}

/** A late event of a time when the subscription was still understood, or of the change that ended it. */
export function understoodFromPast(
  current: SubscriptionRow,
  event: SubscriptionEvent,
  catalogue: PlanCatalogue,
): Understood | null {
  if (isUnderstood(current)) return null;
  const { status, tier } = stateOf(event.snapshot, catalogue);
  const then =
    tier !== null && isUnderstood({ status, tier })
      ? { status, tier, at: event.at, isExact: false }
      : understoodBefore(event, catalogue);
  return newestOf(current.lastUnderstood, then);
}

function understoodOf(row: SubscriptionRow): Understood | null {
  if (row.tier === null || !isUnderstood(row)) return row.lastUnderstood;
  return { status: row.status, tier: row.tier, at: row.order.at, isExact: false };
}

function understoodBefore(event: SubscriptionEvent, catalogue: PlanCatalogue): Understood | null {
  if (event.kind === 'fetched' || event.before === null) return null;
  const { status, tier } = stateOf(event.before, catalogue);
  return tier !== null && isUnderstood({ status, tier }) ? { status, tier, at: event.at, isExact: true } : null;
}

/** `isExact` comes before what merely fell into the same second. */
function newestOf(a: Understood | null, b: Understood | null): Understood | null {
  if (a === null || b === null) return a ?? b;
  const difference = b.at.getTime() - a.at.getTime() || Number(b.isExact) - Number(a.isExact) || b.tier - a.tier;
  return difference > 0 ? b : a;
}

function stateOf(snapshot: SubscriptionSnapshot, catalogue: PlanCatalogue): { status: string; tier: Tier | null } {
  return { status: snapshot.status, tier: decidingPlan(snapshot.items, catalogue)?.tier ?? null };
}
