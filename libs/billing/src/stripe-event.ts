import { toCheckoutFacts } from './checkout-facts.js';
import { toInvoiceFacts } from './invoice-facts.js';
import type { InvoiceFacts } from './invoice-facts.js';
import { field, id, instant, isRecord, optionalField, orNull, read, reference, wholeDocument } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';
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
}

/** What one of Stripe's events means to billing. */
export type StripeFact =
  | { kind: 'subscription'; customerId: string; userId: string | null; event: AnnouncedSubscription }
  | {
      kind: 'payment';
      outcome: 'succeeded' | 'failed';
      customerId: string;
      userId: string | null;
      invoice: InvoiceFacts;
    }
  | { kind: 'checkout'; customerId: string; userId: string | null }
  | { kind: 'customer_deleted'; customerId: string }
  /** Something happened to this subscription, as its snapshot event (if one is paired with it) tells too. */
  | { kind: 'subscription_hint'; subscriptionId: string; snapshotEventId: string | null }
  /** A thin event that billing does not use. */
  | { kind: 'hint' }
  | { kind: 'irrelevant' };

interface Envelope {
  id: string;
  type: string;
  createdAt: Date;
  object: unknown;
  previousAttributes: unknown;
}

/** Reads an event as Stripe sent it, a snapshot or a thin one. Types that billing does not use are `irrelevant`. */
export function toStripeFact(body: unknown): Reading<StripeFact> {
  if (isRecord(body) && body['object'] === 'v2.core.event') return read(body, hintOf);
  const envelope = read(body, (root): Envelope => ({
    id: id(field(root, 'id')),
    type: id(field(root, 'type')),
    createdAt: instant(field(root, 'created')),
    object: field(field(root, 'data'), 'object').value,
    previousAttributes: field(field(root, 'data'), 'previous_attributes').value,
  }));
  return envelope.ok ? within('data.object', factOf(envelope.value)) : envelope;
}

/**
 * Thin events name what changed and carry no state (docs.stripe.com, "Thin events"): a subscription is worth a look, whatever
 * the finer type says of it. Anything else Stripe tells with a snapshot as well.
 */
function hintOf(root: Place): StripeFact {
  const type = id(field(root, 'type'));
  if (!type.startsWith('v1.customer.subscription.')) return { kind: 'hint' };
  const related = field(root, 'related_object');
  if (id(field(related, 'type')) !== 'subscription') return { kind: 'hint' };
  const snapshotEventId = orNull(optionalField(root, 'snapshot_event'), reference);
  return { kind: 'subscription_hint', subscriptionId: id(field(related, 'id')), snapshotEventId };
}

/** The customer an event is about, whether or not billing uses the event; null where there is none. */
export function customerOf(body: unknown): string | null {
  const reading = read(body, (root) => {
    const object = field(field(root, 'data'), 'object');
    return field(object, 'object').value === 'customer'
      ? id(field(object, 'id'))
      : reference(field(object, 'customer'));
  });
  return reading.ok ? reading.value : null;
}

/** The table of what billing listens to. */
function factOf(event: Envelope): Reading<StripeFact> {
  switch (event.type) {
    case 'checkout.session.completed':
      return checkoutFact(event);
    case 'invoice.paid':
    case 'invoice.payment_succeeded':
      return paymentFact(event, 'succeeded');
    case 'invoice.payment_failed':
      return paymentFact(event, 'failed');
    case 'customer.deleted':
      return read(event.object, (root) => ({ kind: 'customer_deleted', customerId: reference(root) }));
    default:
      return event.type.startsWith('customer.subscription.') ? subscriptionFact(event) : irrelevant;
  }
}

function subscriptionFact(event: Envelope): Reading<StripeFact> {
  const snapshot = toSubscriptionSnapshot(event.object);
  if (!snapshot.ok) return snapshot;
  const { customerId, userId } = snapshot.value;
  const announced: AnnouncedSubscription = {
    id: event.id,
    type: event.type,
    kind: lifecycleKind(event.type),
    at: event.createdAt,
    snapshot: snapshot.value,
    before: snapshotBefore(event),
  };
  return { ok: true, value: { kind: 'subscription', customerId, userId, event: announced } };
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

function paymentFact(event: Envelope, outcome: 'succeeded' | 'failed'): Reading<StripeFact> {
  const invoice = toInvoiceFacts(event.object);
  if (!invoice.ok) return invoice;
  const { customerId, userId } = invoice.value;
  return { ok: true, value: { kind: 'payment', outcome, customerId, userId, invoice: invoice.value } };
}

/** A session without a customer is of a payment in which no subscription can be. */
function checkoutFact(event: Envelope): Reading<StripeFact> {
  const session = toCheckoutFacts(event.object);
  if (!session.ok) return session;
  const { customerId, userId } = session.value;
  if (customerId === null) return irrelevant;
  return { ok: true, value: { kind: 'checkout', customerId, userId } };
}

function within<T>(path: string, reading: Reading<T>): Reading<T> {
  if (reading.ok) return reading;
  return { ok: false, path: reading.path === wholeDocument ? path : `${path}.${reading.path}` };
}

const irrelevant: Reading<StripeFact> = { ok: true, value: { kind: 'irrelevant' } };
