import { toRow } from './subscription-row.js';
import type { RowContext, SubscriptionRow } from './subscription-row.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

type Value = string | number | boolean | null;

/** A field of a subscription of which we say something else than Stripe. Times are ISO 8601 UTC. */
export interface Difference {
  field: string;
  ours: Value;
  stripe: Value;
}

type Fields = Omit<SubscriptionRow, 'subscriptionId' | 'userId' | 'lastUnderstood' | 'pastDue' | 'order'>;

/**
 * Where our row is not what Stripe's snapshot makes of it: in what it says, not in what it remembers (since when past due, what
 * was understood last). Without a row of ours, all that Stripe says. The plan is judged by today's catalogue.
 */
export function differencesFrom(
  snapshot: SubscriptionSnapshot,
  row: SubscriptionRow | null,
  catalogue: RowContext['catalogue'],
): Difference[] {
  const memory = { pastDue: null, lastUnderstood: null, order: noOrder };
  const wanted = new Map(entriesOf(toRow(snapshot, memory, { userId: '', catalogue })));
  const held = new Map(row === null ? [] : entriesOf(row));
  return [...wanted].flatMap(([field, stripe]) => {
    const ours = held.get(field) ?? null;
    return ours === stripe || (row === null && stripe === false) ? [] : [{ field, ours, stripe }];
  });
}

const noOrder: SubscriptionRow['order'] = {
  at: new Date(0),
  kind: 'fetched',
  state: '',
  startedFrom: null,
  events: [],
};

/** By the names that the table and the account use. */
function entriesOf(row: Fields): [field: string, value: Value][] {
  return [
    ['customer_id', row.customerId],
    ['status', row.status],
    ['price_id', row.priceId],
    ['tier', row.tier],
    ['billing_cycle', row.billingCycle],
    ['current_period_start', iso(row.currentPeriodStart)],
    ['current_period_end', iso(row.currentPeriodEnd)],
    ['cancel_at_period_end', row.cancelAtPeriodEnd],
    ['cancel_at', iso(row.cancelAt)],
    ['canceled_at', iso(row.canceledAt)],
    ['ended_at', iso(row.endedAt)],
    ['trial_end', iso(row.trialEnd)],
    ['pause_reason', row.pauseReason],
    ['collection_behavior', row.collectionPause?.behavior ?? null],
    ['collection_resumes_at', iso(row.collectionPause?.resumesAt ?? null)],
    ['pending_update_expires_at', iso(row.pendingUpdateExpiresAt)],
    ['created_at', iso(row.createdAt)],
  ];
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
