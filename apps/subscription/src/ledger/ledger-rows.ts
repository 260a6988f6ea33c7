import type { SubscriptionColumns } from './subscription.entity.js';
import type { Payment } from './ledger.js';
import type { LookColumns } from './looks.js';

/** A column: its name, its type, and the field that it is read into and written from. */
type Column<Row> = readonly [name: string, type: string, field: keyof Row & string];

export const subscriptionColumns: readonly Column<SubscriptionColumns>[] = [
  ['subscription_id', 'text', 'subscriptionId'],
  ['customer_id', 'text', 'customerId'],
  ['user_id', 'text', 'userId'],
  ['price_id', 'text', 'priceId'],
  ['status', 'text', 'status'],
  ['pause_reason', 'text', 'pauseReason'],
  ['collection_behavior', 'text', 'collectionBehavior'],
  ['collection_resumes_at', 'timestamptz', 'collectionResumesAt'],
  ['tier', 'smallint', 'tier'],
  ['billing_cycle', 'text', 'billingCycle'],
  ['current_period_start', 'timestamptz', 'currentPeriodStart'],
  ['current_period_end', 'timestamptz', 'currentPeriodEnd'],
  ['cancel_at_period_end', 'boolean', 'cancelAtPeriodEnd'],
  ['cancel_at', 'timestamptz', 'cancelAt'],
  ['canceled_at', 'timestamptz', 'canceledAt'],
  ['ended_at', 'timestamptz', 'endedAt'],
  ['trial_end', 'timestamptz', 'trialEnd'],
  ['pending_update_expires_at', 'timestamptz', 'pendingUpdateExpiresAt'],
  ['stripe_created_at', 'timestamptz', 'stripeCreatedAt'],
  ['understood_status', 'text', 'understoodStatus'],
  ['understood_tier', 'smallint', 'understoodTier'],
  ['understood_at', 'timestamptz', 'understoodAt'],
  ['understood_is_exact', 'boolean', 'understoodIsExact'],
  ['past_due_since', 'timestamptz', 'pastDueSince'],
  ['past_due_is_exact', 'boolean', 'pastDueIsExact'],
  ['order_at', 'timestamptz', 'orderAt'],
  ['order_kind', 'text', 'orderKind'],
  ['order_state', 'text', 'orderState'],
  ['order_started_from', 'text', 'orderStartedFrom'],
  ['order_events', 'text[]', 'orderEvents'],
];

export const lookColumns: readonly Column<LookColumns>[] = [
  ['next_look_at', 'timestamptz', 'nextLookAt'],
  ['look_reason', 'text', 'lookReason'],
  ['look_due_at', 'timestamptz', 'lookDueAt'],
];

export const paymentColumns: readonly Column<Payment>[] = [
  ['invoice_id', 'text', 'invoiceId'],
  ['outcome', 'text', 'outcome'],
  ['attempt', 'integer', 'attempt'],
  ['event_id', 'text', 'eventId'],
  ['user_id', 'text', 'userId'],
  ['customer_id', 'text', 'customerId'],
  ['subscription_id', 'text', 'subscriptionId'],
  ['amount', 'bigint', 'amount'],
  ['currency', 'text', 'currency'],
  ['occurred_at', 'timestamptz', 'occurredAt'],
];

/** What to select so that a row comes as its fields. */
export function selected(columns: readonly Column<never>[]): string {
  return columns.map(([name, , field]) => `${name} AS "${field}"`).join(', ');
}

/** For the other half of a UNION, which knows only one of the columns. */
export function noneBut(known: string, columns: readonly Column<never>[]): string {
  return columns.map(([name, type]) => (name === known ? name : `NULL::${type}`)).join(', ');
}

export function names(columns: readonly Column<never>[]): string {
  return columns.map(([name]) => name).join(', ');
}

/** The rows of a JSON array of such objects, with the table's own names: `FROM ${rowsOf(...)}`. */
export function rowsOf(parameter: string, columns: readonly Column<never>[]): string {
  const typed = columns.map(([, type, field]) => `"${field}" ${type}`).join(', ');
  const named = names(columns);
  return `(SELECT * FROM json_to_recordset(${parameter}::json) AS given (${typed})) AS row (${named})`;
}

export function overwritten(columns: readonly Column<never>[], key: string): string {
  const others = columns.filter(([name]) => name !== key);
  return others.map(([name]) => `${name} = excluded.${name}`).join(', ');
}
