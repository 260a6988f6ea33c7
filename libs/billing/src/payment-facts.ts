import { elements, field, id, instant, integer, optionalField, orNull, read, reference } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';

/** Names one payment. Either may be null: refunds and disputes name both, InvoicePayments one. */
export interface PaymentReference {
  chargeId: string | null;
  paymentIntentId: string | null;
}

/** What paid an invoice: since API version 2025-03-31.basil the only way from a charge to its invoice. */
export interface InvoicePaymentFacts extends PaymentReference {
  invoicePaymentId: string;
  invoiceId: string;
  /** Stripe's own and open: `open`, `paid`, `canceled`. */
  status: string;
  amountPaid: number;
}

/** A charge, as far as money went back. Amounts are in the currency's minor unit. */
export interface ChargeFacts extends PaymentReference {
  chargeId: string;
  customerId: string | null;
  /** Only until basil. */
  invoiceId: string | null;
  amount: number;
  amountRefunded: number;
  currency: string;
  /** The refunds that came with it: all of them until API version 2022-11-15, none since unless expanded. */
  refunds: RefundFacts[];
}

export interface RefundFacts extends PaymentReference {
  refundId: string;
  customerId: string | null;
  amount: number;
  currency: string;
  /** Stripe's own and open: `pending`, `requires_action`, `succeeded`, `failed`, `canceled`. */
  status: string;
  createdAt: Date;
}

export interface DisputeFacts extends PaymentReference {
  disputeId: string;
  amount: number;
  currency: string;
  /** Stripe's own and open; `warning_…` is an inquiry and no chargeback yet. */
  status: string;
  reason: string;
  createdAt: Date;
}

export function toInvoicePaymentFacts(object: unknown): Reading<InvoicePaymentFacts> {
  return read(object, (root) => ({
    invoicePaymentId: id(field(root, 'id')),
    invoiceId: reference(field(root, 'invoice')),
    status: id(field(root, 'status')),
    amountPaid: orNull(field(root, 'amount_paid'), integer) ?? 0,
    ...readPaymentReference(field(root, 'payment')),
  }));
}

export function toChargeFacts(object: unknown): Reading<ChargeFacts> {
  return read(object, readCharge);
}

export function toRefundFacts(object: unknown): Reading<RefundFacts> {
  return read(object, readRefund);
}

export function toDisputeFacts(object: unknown): Reading<DisputeFacts> {
  return read(object, (root) => ({
    disputeId: id(field(root, 'id')),
    amount: integer(field(root, 'amount')),
    currency: id(field(root, 'currency')),
    status: id(field(root, 'status')),
    reason: id(field(root, 'reason')),
    createdAt: instant(field(root, 'created')),
    ...readPaymentReference(root),
  }));
}

/** `charge` and `payment_intent`, wherever Stripe puts the two. */
export function readPaymentReference(place: Place): PaymentReference {
  return {
    chargeId: orNull(field(place, 'charge'), reference),
    paymentIntentId: orNull(field(place, 'payment_intent'), reference),
  };
}

function readCharge(root: Place): ChargeFacts {
  const refunds = optionalField(root, 'refunds', 'data');
  return {
    chargeId: id(field(root, 'id')),
    paymentIntentId: orNull(field(root, 'payment_intent'), reference),
    customerId: orNull(field(root, 'customer'), reference),
    invoiceId: orNull(field(root, 'invoice'), reference),
    amount: integer(field(root, 'amount')),
    amountRefunded: integer(field(root, 'amount_refunded')),
    currency: id(field(root, 'currency')),
    refunds: refunds === null ? [] : elements(refunds).map(readRefund),
  };
}

function readRefund(root: Place): RefundFacts {
  return {
    refundId: id(field(root, 'id')),
    customerId: orNull(field(root, 'customer'), reference),
    amount: integer(field(root, 'amount')),
    currency: id(field(root, 'currency')),
    status: id(field(root, 'status')),
    createdAt: instant(field(root, 'created')),
    ...readPaymentReference(root),
  };
}
