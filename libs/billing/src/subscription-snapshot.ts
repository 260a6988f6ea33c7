import {
  elements,
  field,
  flag,
  id,
  instant,
  integer,
  optionalField,
  orNull,
  read,
  reference,
  userIdIn,
} from './json-reader.js';
import type { Place, Reading } from './json-reader.js';

export interface SnapshotItem {
  priceId: string;
  currentPeriodStart: Date | null;
  currentPeriodEnd: Date | null;
}

/**
 * Invoices go on while nobody is asked to pay them (docs.stripe.com, "Pause payment collection"); the status stays as it is.
 * `behavior` is Stripe's own and open: `keep_as_draft`, `mark_uncollectible` or `void`.
 */
export interface CollectionPause {
  behavior: string;
  resumesAt: Date | null;
}

/** The part of a Stripe subscription that billing depends on. `status` is Stripe's own and open. */
export interface SubscriptionSnapshot {
  subscriptionId: string;
  customerId: string;
  /** Our own `metadata.user_id`, if somebody wrote one. */
  userId: string | null;
  status: string;
  /** Why it is `paused`, in Stripe's open words; null before API version 2026-10-28.endive, and for any other status. */
  pauseReason: string | null;
  collectionPause: CollectionPause | null;
  /** Those of which anything is bought. */
  items: SnapshotItem[];
  cancelAtPeriodEnd: boolean;
  cancelAt: Date | null;
  canceledAt: Date | null;
  endedAt: Date | null;
  trialStart: Date | null;
  trialEnd: Date | null;
  /** Until when a change waits for its payment: `items` hold what is paid for, not what was asked for. */
  pendingUpdateExpiresAt: Date | null;
  latestInvoiceId: string | null;
  scheduleId: string | null;
  /** Stripe's ids of the discounts (`di_…`) that are on it. */
  discountIds: string[];
  createdAt: Date;
}

/** Reads a `subscription` object; what is not there is said, never guessed. */
export function toSubscriptionSnapshot(object: unknown): Reading<SubscriptionSnapshot> {
  return read(object, readSubscription);
}

function readSubscription(root: Place): SubscriptionSnapshot {
  return {
    subscriptionId: id(field(root, 'id')),
    customerId: reference(field(root, 'customer')),
    userId: userIdIn(optionalField(root, 'metadata')),
    status: id(field(root, 'status')),
    pauseReason: orNull(optionalField(root, 'status_details', 'paused', 'subscription', 'type'), id),
    collectionPause: orNull(field(root, 'pause_collection'), readCollectionPause),
    items: boughtItems(root).map((item) => readItem(item, root)),
    cancelAtPeriodEnd: flag(field(root, 'cancel_at_period_end')),
    cancelAt: orNull(field(root, 'cancel_at'), instant),
    canceledAt: orNull(field(root, 'canceled_at'), instant),
    endedAt: orNull(field(root, 'ended_at'), instant),
    trialStart: orNull(field(root, 'trial_start'), instant),
    trialEnd: orNull(field(root, 'trial_end'), instant),
    pendingUpdateExpiresAt: orNull(optionalField(root, 'pending_update', 'expires_at'), instant),
    latestInvoiceId: orNull(field(root, 'latest_invoice'), reference),
    scheduleId: orNull(field(root, 'schedule'), reference),
    discountIds: readDiscountIds(root),
    createdAt: instant(field(root, 'created')),
  };
}

/** An item stays on a subscription, and costs nothing, when its quantity is set to 0. A metered one has no quantity. */
function boughtItems(root: Place): Place[] {
  const items = elements(field(field(root, 'items'), 'data'));
  return items.filter((item) => orNull(field(item, 'quantity'), integer) !== 0);
}

function readCollectionPause(place: Place): CollectionPause {
  return { behavior: id(field(place, 'behavior')), resumesAt: orNull(field(place, 'resumes_at'), instant) };
}

/** One `discount` until `discounts` took its place; versions between the two send both. */
function readDiscountIds(root: Place): string[] {
  const discounts = optionalField(root, 'discounts');
  if (discounts !== null) return elements(discounts).map(reference);
  const discount = optionalField(root, 'discount');
  return discount === null ? [] : [reference(discount)];
}

/**
 * The period stood on the subscription until API version 2025-03-31.basil and stands on its items since. A price of before 2020
 * is a `plan`, with the same id.
 */
function readItem(item: Place, subscription: Place): SnapshotItem {
  const period = (name: string) => optionalField(item, name) ?? field(subscription, name);
  return {
    priceId: reference(optionalField(item, 'price') ?? optionalField(item, 'plan') ?? field(item, 'price')),
    currentPeriodStart: orNull(period('current_period_start'), instant),
    currentPeriodEnd: orNull(period('current_period_end'), instant),
  };
}
