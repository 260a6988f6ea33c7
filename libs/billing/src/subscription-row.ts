import type { BillingCycle, SubscriptionView, Tier } from '@billhook/contracts';
import { planForPrice } from './plan-catalogue.js';
import type { PlanCatalogue, PriceMeaning } from './plan-catalogue.js';
import type { SnapshotOrder } from './snapshot-order.js';
import { isTerminal, renews } from './subscription-status.js';
import type { CollectionPause, SnapshotItem, SubscriptionSnapshot } from './subscription-snapshot.js';

/**
 * Since when a subscription has been past due. `isExact` once the very change into `past_due` has been seen, or an invoice says that it
 * cannot have been earlier.
 */
export interface PastDue {
  since: Date;
  isExact: boolean;
}

/** A state whose status and price both mean something to us. `isExact` when it is known to have lasted right up to `at`. */
export interface Understood {
  status: string;
  tier: Tier;
  at: Date;
  isExact: boolean;
}

/** A subscription as we keep it: the newest snapshot, what plan it means, and what the next decision needs. */
export interface SubscriptionRow {
  subscriptionId: string;
  customerId: string;
  userId: string;
  /** Of the item that decides the plan; null for a subscription on which nothing is bought. */
  priceId: string | null;
  status: string;
  pauseReason: string | null;
  collectionPause: CollectionPause | null;
  /** Null, like `billingCycle`, for a price that is not in the plan catalogue. */
  tier: Tier | null;
  billingCycle: BillingCycle | null;
  currentPeriodStart: Date | null;
  currentPeriodEnd: Date | null;
  cancelAtPeriodEnd: boolean;
  cancelAt: Date | null;
  canceledAt: Date | null;
  endedAt: Date | null;
  trialEnd: Date | null;
  pendingUpdateExpiresAt: Date | null;
  createdAt: Date;
  /** What it was before it came to a status or a price that nobody here knows; null while it is understood. */
  lastUnderstood: Understood | null;
  pastDue: PastDue | null;
  order: SnapshotOrder;
}

export interface RowContext {
  userId: string;
  catalogue: PlanCatalogue;
}

type Memory = Pick<SubscriptionRow, 'pastDue' | 'lastUnderstood' | 'order'>;

export function toRow(snapshot: SubscriptionSnapshot, memory: Memory, context: RowContext): SubscriptionRow {
  const item = decidingItem(snapshot.items, context.catalogue);
  const plan = decidingPlan(snapshot.items, context.catalogue);
  return {
    subscriptionId: snapshot.subscriptionId,
    customerId: snapshot.customerId,
    userId: context.userId,
    priceId: item?.priceId ?? null,
    status: snapshot.status,
    pauseReason: snapshot.pauseReason,
    collectionPause: snapshot.collectionPause,
    tier: plan?.tier ?? null,
    billingCycle: plan?.billingCycle ?? null,
    currentPeriodStart: item?.currentPeriodStart ?? null,
    currentPeriodEnd: item?.currentPeriodEnd ?? null,
    cancelAtPeriodEnd: snapshot.cancelAtPeriodEnd,
    cancelAt: snapshot.cancelAt,
    canceledAt: snapshot.canceledAt,
    endedAt: snapshot.endedAt,
    trialEnd: snapshot.trialEnd,
    pendingUpdateExpiresAt: snapshot.pendingUpdateExpiresAt,
    createdAt: snapshot.createdAt,
    ...memory,
  };
}

/** The plan that a subscription's items mean; null when none of them is in the catalogue. Who buys nothing has Free. */
export function decidingPlan(items: SnapshotItem[], catalogue: PlanCatalogue): PriceMeaning | null {
  if (items.length === 0) return { tier: 0, billingCycle: null };
  const item = decidingItem(items, catalogue);
  const plan = item === undefined ? null : planForPrice(catalogue, item.priceId);
  return plan?.kind === 'known' ? plan : null;
}

/** A subscription may hold add-ons beside its plan: the item with the best plan decides, else the first. */
function decidingItem(items: SnapshotItem[], catalogue: PlanCatalogue): SnapshotItem | undefined {
  const ranked = items.map((item) => ({ item, rank: tierOfPrice(catalogue, item.priceId) }));
  return ranked.toSorted((a, b) => b.rank - a.rank)[0]?.item;
}

function tierOfPrice(catalogue: PlanCatalogue, priceId: string): number {
  const plan = planForPrice(catalogue, priceId);
  return plan.kind === 'known' ? plan.tier : -1;
}

/**
 * When a scheduled cancellation takes effect; null when none is scheduled. Stripe schedules with either field: the portal sets
 * `cancel_at` alone in flexible billing mode, API and Dashboard may set `cancel_at_period_end` alone.
 */
export function scheduledEnd(row: SubscriptionRow): Date | null {
  if (isTerminal(row.status)) return null;
  return row.cancelAt ?? (row.cancelAtPeriodEnd ? row.currentPeriodEnd : null);
}

export function isScheduledToEnd(row: SubscriptionRow): boolean {
  return !isTerminal(row.status) && (row.cancelAtPeriodEnd || row.cancelAt !== null);
}

/** Rows never change: the view of one is made once, for the decision, its events and the account. */
const views = new WeakMap<SubscriptionRow, SubscriptionView>();

export function toView(row: SubscriptionRow): SubscriptionView {
  const known = views.get(row);
  if (known !== undefined) return known;
  const view = makeView(row);
  views.set(row, view);
  return view;
}

function makeView(row: SubscriptionRow): SubscriptionView {
  const endsAt = scheduledEnd(row);
  return {
    id: row.subscriptionId,
    customer_id: row.customerId,
    price_id: row.priceId,
    status: row.status,
    tier: row.tier,
    billing_cycle: row.billingCycle,
    current_period_start: iso(row.currentPeriodStart),
    current_period_end: iso(row.currentPeriodEnd),
    cancel_at_period_end: row.cancelAtPeriodEnd || endsWithPeriod(row),
    cancel_at: iso(endsAt ?? row.cancelAt),
    canceled_at: iso(row.canceledAt),
    trial_end: iso(row.trialEnd),
    scheduled_change: null,
    is_active: row.status === 'active' || row.status === 'trialing',
    is_canceled: isTerminal(row.status),
    will_renew: renews(row.status) && !isScheduledToEnd(row),
  };
}

function endsWithPeriod(row: SubscriptionRow): boolean {
  return row.cancelAt !== null && row.cancelAt.getTime() === row.currentPeriodEnd?.getTime();
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
