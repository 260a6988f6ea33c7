import { elements, field, flag, id, instant, optionalField, orNull, read, reference, userIdIn } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';

export interface SnapshotItem {
  priceId: string;
  currentPeriodStart: Date | null;
  currentPeriodEnd: Date | null;
}

/** The part of a Stripe subscription that billing depends on. `status` is Stripe's own and open. */
export interface SubscriptionSnapshot {
  subscriptionId: string;
  customerId: string;
  /** Our own `metadata.user_id`, if somebody wrote one. */
  userId: string | null;
  status: string;
  items: SnapshotItem[];
  cancelAtPeriodEnd: boolean;
  cancelAt: Date | null;
  canceledAt: Date | null;
  endedAt: Date | null;
  trialEnd: Date | null;
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
    items: elements(field(field(root, 'items'), 'data')).map((item) => readItem(item, root)),
    cancelAtPeriodEnd: flag(field(root, 'cancel_at_period_end')),
    cancelAt: orNull(field(root, 'cancel_at'), instant),
    canceledAt: orNull(field(root, 'canceled_at'), instant),
    endedAt: orNull(field(root, 'ended_at'), instant),
    trialEnd: orNull(field(root, 'trial_end'), instant),
    createdAt: instant(field(root, 'created')),
  };
}

/** The period stood on the subscription until API version 2025-03-31.basil and stands on its items since. */
function readItem(item: Place, subscription: Place): SnapshotItem {
  const period = (name: string) => optionalField(item, name) ?? field(subscription, name);
  return {
    priceId: reference(field(item, 'price')),
    currentPeriodStart: orNull(period('current_period_start'), instant),
    currentPeriodEnd: orNull(period('current_period_end'), instant),
  };
}
