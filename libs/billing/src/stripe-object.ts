import {
  newerCharge,
  newerDeletedCustomer,
  newerDispute,
  newerInvoice,
  newerInvoicePayment,
  newerRefund,
  newerSchedule,
} from './evidence.js';
import type {
  ChargeRow,
  DeletedCustomerRow,
  DisputeRow,
  Evidence,
  InvoicePaymentRow,
  InvoiceRow,
  RefundRow,
  ScheduleRow,
} from './evidence.js';
import type { PaymentReference } from './payment-facts.js';

interface Rows {
  invoice: InvoiceRow;
  invoice_payment: InvoicePaymentRow;
  charge: ChargeRow;
  refund: RefundRow;
  dispute: DisputeRow;
  schedule: ScheduleRow;
  deleted_customer: DeletedCustomerRow;
}

interface ObjectOf<Kind extends keyof Rows> {
  kind: Kind;
  /** Stripe's id. */
  id: string;
  /** Null while neither the object nor anything that it is linked to names a customer. */
  customerId: string | null;
  row: Rows[Kind];
}

/** One of Stripe's objects beside subscriptions, as the newest event about it told it. */
export type StripeObject = { [Kind in keyof Rows]: ObjectOf<Kind> }[keyof Rows];

/** Equal for snapshots of the same object. */
export function keyOf({ kind, id }: Pick<StripeObject, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

/** Both in one: the newer snapshot, and the customer if either knows it. `current` itself where there is nothing new. */
export function newerObject(current: StripeObject | null, next: StripeObject): StripeObject {
  switch (next.kind) {
    case 'invoice':
      return current?.kind === 'invoice' ? merged(current, next, newerInvoice) : next;
    case 'invoice_payment':
      return current?.kind === 'invoice_payment' ? merged(current, next, newerInvoicePayment) : next;
    case 'charge':
      return current?.kind === 'charge' ? merged(current, next, newerCharge) : next;
    case 'refund':
      return current?.kind === 'refund' ? merged(current, next, newerRefund) : next;
    case 'dispute':
      return current?.kind === 'dispute' ? merged(current, next, newerDispute) : next;
    case 'schedule':
      return current?.kind === 'schedule' ? merged(current, next, newerSchedule) : next;
    case 'deleted_customer':
      return current?.kind === 'deleted_customer' ? merged(current, next, newerDeletedCustomer) : next;
    default:
      return next satisfies never;
  }
}

function merged<Kind extends keyof Rows>(
  current: ObjectOf<Kind>,
  next: ObjectOf<Kind>,
  newer: (current: Rows[Kind], next: Rows[Kind]) => Rows[Kind],
): ObjectOf<Kind> {
  const row = newer(current.row, next.row);
  const customerId = current.customerId ?? next.customerId;
  return row === current.row && customerId === current.customerId ? current : { ...current, customerId, row };
}

/**
 * The ids by which an object is found before it is known whose it is, never none. Those of a payment lead from one object to
 * another: since API version 2025-03-31.basil a refund leads to its invoice over its payment intent and an InvoicePayment only.
 */
export function linksOf(object: StripeObject): string[] {
  switch (object.kind) {
    case 'invoice':
      return [object.id, ...object.row.payments.flatMap(paymentIds)];
    case 'invoice_payment':
      return [object.row.invoiceId, ...paymentIds(object.row)];
    case 'charge':
      return [...paymentIds(object.row), ...(object.row.invoiceId === null ? [] : [object.row.invoiceId])];
    case 'refund':
    case 'dispute':
      return [object.id, ...paymentIds(object.row)];
    case 'schedule':
    case 'deleted_customer':
      return [object.id];
    default:
      return object satisfies never;
  }
}

function paymentIds({ chargeId, paymentIntentId }: PaymentReference): string[] {
  return [chargeId, paymentIntentId].filter((id) => id !== null);
}

/** The objects of one user by their kinds, as the policy asks for them. */
export function toEvidence(objects: Iterable<StripeObject>): Evidence {
  const all = [...objects];
  return {
    invoices: all.flatMap((object) => (object.kind === 'invoice' ? object.row : [])),
    invoicePayments: all.flatMap((object) => (object.kind === 'invoice_payment' ? object.row : [])),
    charges: all.flatMap((object) => (object.kind === 'charge' ? object.row : [])),
    refunds: all.flatMap((object) => (object.kind === 'refund' ? object.row : [])),
    disputes: all.flatMap((object) => (object.kind === 'dispute' ? object.row : [])),
    schedules: all.flatMap((object) => (object.kind === 'schedule' ? object.row : [])),
    deletedCustomerIds: all.flatMap((object) => (object.kind === 'deleted_customer' ? object.id : [])),
  };
}
