import { toCheckoutFacts } from './checkout-facts.js';
import type { CheckoutFacts } from './checkout-facts.js';
import { toCustomerFacts } from './customer-facts.js';
import { toInvoiceFacts } from './invoice-facts.js';
import type { InvoiceFacts } from './invoice-facts.js';
import { field, id, instant, isRecord, optionalField, orNull, read, reference, wholeDocument } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';
import { toChargeFacts, toDisputeFacts, toInvoicePaymentFacts, toRefundFacts } from './payment-facts.js';
import type { ChargeFacts, DisputeFacts, InvoicePaymentFacts, RefundFacts } from './payment-facts.js';
import { toScheduleFacts } from './schedule-facts.js';
import type { ScheduleFacts } from './schedule-facts.js';
import { toAnnouncedSubscription } from './subscription-event.js';
import type { AnnouncedSubscription, Envelope } from './subscription-event.js';

/** What one of Stripe's events means to billing. Where `customerId` is null the object does not name its customer. */
export type StripeFact =
  /** `event.type` tells a warning (`customer.subscription.trial_will_end`) from a change. */
  | { kind: 'subscription'; customerId: string; userId: string | null; event: AnnouncedSubscription }
  | {
      kind: 'payment';
      outcome: 'succeeded' | 'failed';
      customerId: string;
      userId: string | null;
      invoice: InvoiceFacts;
    }
  /** The bank asks the customer to confirm the payment. */
  | { kind: 'action_required'; customerId: string; userId: string | null; invoice: InvoiceFacts }
  /** Nobody is asked to pay this one any more: it was voided, or given up as a bad debt. */
  | { kind: 'invoice_closed'; customerId: string; invoice: InvoiceFacts }
  | { kind: 'invoice_payment'; payment: InvoicePaymentFacts }
  | { kind: 'charge_refunded'; customerId: string | null; charge: ChargeFacts }
  | { kind: 'refund'; customerId: string | null; refund: RefundFacts }
  | { kind: 'dispute'; dispute: DisputeFacts }
  | { kind: 'checkout'; customerId: string; userId: string | null; session: CheckoutFacts }
  /** What became of a session whose payment was still on its way, or that nobody completed. */
  | {
      kind: 'checkout_settled';
      outcome: 'succeeded' | 'failed' | 'expired';
      customerId: string | null;
      userId: string | null;
      session: CheckoutFacts;
    }
  | { kind: 'schedule'; customerId: string; schedule: ScheduleFacts }
  | { kind: 'customer'; customerId: string; userId: string | null }
  | { kind: 'customer_deleted'; customerId: string }
  /** Something happened to this subscription, as its snapshot event (if one is paired with it) tells too. */
  | { kind: 'subscription_hint'; subscriptionId: string; snapshotEventId: string | null }
  /** Stripe could not make some events and never will: only its objects tell what they would have. */
  | { kind: 'events_not_made' }
  /** A thin event that billing does not use. */
  | { kind: 'hint' }
  | { kind: 'irrelevant' };

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
  if (type === 'v2.core.health.event_generation_failure.resolved') return { kind: 'events_not_made' };
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
    case 'checkout.session.async_payment_succeeded':
      return checkoutSettledFact(event, 'succeeded');
    case 'checkout.session.async_payment_failed':
      return checkoutSettledFact(event, 'failed');
    case 'checkout.session.expired':
      return checkoutSettledFact(event, 'expired');
    case 'invoice.paid':
    case 'invoice.payment_succeeded':
      return paymentFact(event, 'succeeded');
    case 'invoice.payment_failed':
      return paymentFact(event, 'failed');
    case 'invoice.payment_action_required':
      return actionRequiredFact(event);
    case 'invoice.voided':
    case 'invoice.marked_uncollectible':
      return mapReading(toInvoiceFacts(event.object), (invoice) => {
        return { kind: 'invoice_closed', customerId: invoice.customerId, invoice };
      });
    case 'invoice_payment.paid':
      return mapReading(toInvoicePaymentFacts(event.object), (payment) => ({ kind: 'invoice_payment', payment }));
    case 'customer.created':
    case 'customer.updated':
      return customerFact(event);
    case 'customer.deleted':
      return read(event.object, (root) => ({ kind: 'customer_deleted', customerId: reference(root) }));
    default:
      return factOfFamily(event);
  }
}

/** Families of events that differ in what happened, but all carry the whole object: that is what counts. */
function factOfFamily(event: Envelope): Reading<StripeFact> {
  const { type } = event;
  if (type.startsWith('customer.subscription.')) return subscriptionFact(event);
  if (type.startsWith('charge.dispute.'))
    return mapReading(toDisputeFacts(event.object), (dispute) => ({ kind: 'dispute', dispute }));
  if (type.startsWith('refund.') || type === 'charge.refund.updated') return refundFact(event);
  if (type === 'charge.refunded') return chargeFact(event);
  if (type.startsWith('subscription_schedule.')) return scheduleFact(event);
  return irrelevant;
}

function subscriptionFact(envelope: Envelope): Reading<StripeFact> {
  return mapReading(toAnnouncedSubscription(envelope), (event) => {
    const { customerId, userId } = event.snapshot;
    return { kind: 'subscription', customerId, userId, event };
  });
}

function paymentFact(event: Envelope, outcome: 'succeeded' | 'failed'): Reading<StripeFact> {
  return mapReading(toInvoiceFacts(event.object), (invoice) => {
    const { customerId, userId } = invoice;
    return { kind: 'payment', outcome, customerId, userId, invoice };
  });
}

function actionRequiredFact(event: Envelope): Reading<StripeFact> {
  return mapReading(toInvoiceFacts(event.object), (invoice) => {
    const { customerId, userId } = invoice;
    return { kind: 'action_required', customerId, userId, invoice };
  });
}

function chargeFact(event: Envelope): Reading<StripeFact> {
  return mapReading(toChargeFacts(event.object), (charge) => {
    return { kind: 'charge_refunded', customerId: charge.customerId, charge };
  });
}

function refundFact(event: Envelope): Reading<StripeFact> {
  return mapReading(toRefundFacts(event.object), (refund) => {
    return { kind: 'refund', customerId: refund.customerId, refund };
  });
}

function scheduleFact(event: Envelope): Reading<StripeFact> {
  return mapReading(toScheduleFacts(event.object), (schedule) => {
    return { kind: 'schedule', customerId: schedule.customerId, schedule };
  });
}

function customerFact(event: Envelope): Reading<StripeFact> {
  return mapReading(toCustomerFacts(event.object), ({ customerId, userId }) => {
    return { kind: 'customer', customerId, userId };
  });
}

/** Of what is sold once, or of a card that is only kept: the account may sell other things than subscriptions. */
function isOtherSale(session: unknown): boolean {
  return isRecord(session) && (session['mode'] === 'payment' || session['mode'] === 'setup');
}

/** A session without a customer is of a payment in which no subscription can be. */
function checkoutFact(event: Envelope): Reading<StripeFact> {
  if (isOtherSale(event.object)) return irrelevant;
  return mapReading(toCheckoutFacts(event.object), (session) => {
    const { customerId, userId } = session;
    return customerId === null ? { kind: 'irrelevant' } : { kind: 'checkout', customerId, userId, session };
  });
}

function checkoutSettledFact(event: Envelope, outcome: 'succeeded' | 'failed' | 'expired'): Reading<StripeFact> {
  if (isOtherSale(event.object)) return irrelevant;
  return mapReading(toCheckoutFacts(event.object), (session) => {
    const { customerId, userId } = session;
    return { kind: 'checkout_settled', outcome, customerId, userId, session };
  });
}

function mapReading<T>(reading: Reading<T>, toFact: (value: T) => StripeFact): Reading<StripeFact> {
  return reading.ok ? { ok: true, value: toFact(reading.value) } : reading;
}

function within<T>(path: string, reading: Reading<T>): Reading<T> {
  if (reading.ok) return reading;
  return { ok: false, path: reading.path === wholeDocument ? path : `${path}.${reading.path}` };
}

const irrelevant: Reading<StripeFact> = { ok: true, value: { kind: 'irrelevant' } };
