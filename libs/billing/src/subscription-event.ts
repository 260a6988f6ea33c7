import { isRecord } from './json-reader.js';
import type { Reading } from './json-reader.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

/** How a snapshot of a subscription came about: `fetched` was asked for, the others were announced. */
export type LifecycleKind = 'created' | 'updated' | 'deleted' | 'fetched';

/** A subscription as it stood right after something happened to it, or when it was fetched. */
export type SubscriptionEvent = AnnouncedSubscription | FetchedSubscription;

export interface AnnouncedSubscription {
  /** Stripe's event id. */
  id: string;
  kind: 'created' | 'updated' | 'deleted';
  /** Stripe's event type. */
  type: string;
  /** Stripe's `created`: whole seconds. */
  at: Date;
  snapshot: SubscriptionSnapshot;
  /** The same subscription right before it, rebuilt from `previous_attributes`; null where that cannot be told. */
  before: SubscriptionSnapshot | null;
}

export interface FetchedSubscription {
  kind: 'fetched';
  type: 'fetched';
  /** The `Date` header of Stripe's answer, but not before the newest event that was known when the fetch began. */
  at: Date;
  snapshot: SubscriptionSnapshot;
  /** `order.state` of the row when the fetch began; null when there was none. */
  seen: string | null;
  /** Before when it cannot have become past due, as its invoices say; null where they were not asked for, or do not say. */
  unpaidSince: Date | null;
}

/** A snapshot event taken apart: what it is about has not been read yet. */
export interface Envelope {
  id: string;
  type: string;
  createdAt: Date;
  object: unknown;
  previousAttributes: unknown;
}

/** Reads `customer.subscription.*`. */
export function toAnnouncedSubscription(event: Envelope): Reading<AnnouncedSubscription> {
  const snapshot = toSubscriptionSnapshot(event.object);
  if (!snapshot.ok) return snapshot;
  const { id, type, createdAt: at } = event;
  const announced: AnnouncedSubscription = {
    id,
    type,
    kind: lifecycleKind(type),
    at,
    snapshot: snapshot.value,
    before: snapshotBefore(event),
  };
  return { ok: true, value: announced };
}

function lifecycleKind(type: string): AnnouncedSubscription['kind'] {
  if (type === 'customer.subscription.created') return 'created';
  return type === 'customer.subscription.deleted' ? 'deleted' : 'updated';
}

/** Only `*.updated` carries `previous_attributes`; elsewhere nothing is known about the state before. */
function snapshotBefore(event: Envelope): SubscriptionSnapshot | null {
  if (!isRecord(event.object) || !isRecord(event.previousAttributes)) return null;
  const before = toSubscriptionSnapshot(overlay(event.object, event.previousAttributes));
  return before.ok ? before.value : null;
}

/** Stripe nests previous values like the object itself, but gives a changed array whole. */
function overlay(object: Record<string, unknown>, previous: Record<string, unknown>): Record<string, unknown> {
  const merged = Object.entries(previous).map(([name, value]): [string, unknown] => {
    const current = Object.hasOwn(object, name) ? object[name] : undefined;
    return [name, isRecord(current) && isRecord(value) ? overlay(current, value) : value];
  });
  return { ...object, ...Object.fromEntries(merged) };
}
