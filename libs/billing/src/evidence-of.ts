import { newerCharge, newerDispute, newerInvoice, newerInvoicePayment, newerRefund, noEvidence } from './evidence.js';
import type { ChargeRow, DisputeRow, Evidence, InvoiceRow, RefundRow } from './evidence.js';
import type { InvoiceFacts } from './invoice-facts.js';
import type { ChargeFacts, DisputeFacts, RefundFacts } from './payment-facts.js';
import type { StripeFact } from './stripe-event.js';

/** The rows that an event of this second brings; those of most events are none. */
export function evidenceOf(fact: StripeFact, at: Date): Evidence {
  switch (fact.kind) {
    case 'payment':
    case 'action_required':
      return { ...noEvidence, invoices: [toInvoiceRow(fact.invoice, at)] };
    case 'invoice_payment':
      return { ...noEvidence, invoicePayments: [{ ...fact.payment, at }] };
    case 'charge_refunded':
      return {
        ...noEvidence,
        charges: [toChargeRow(fact.charge, at)],
        refunds: fact.charge.refunds.map((refund) => toRefundRow(refund, at)),
      };
    case 'refund':
      return { ...noEvidence, refunds: [toRefundRow(fact.refund, at)] };
    case 'dispute':
      return { ...noEvidence, disputes: [toDisputeRow(fact.dispute, at)] };
    case 'customer_deleted':
      return { ...noEvidence, deletedCustomerIds: [fact.customerId] };
    case 'subscription':
    case 'checkout':
    case 'checkout_settled':
    case 'schedule':
    case 'customer':
    case 'subscription_hint':
    case 'hint':
    case 'irrelevant':
      return noEvidence;
    default:
      return fact satisfies never;
  }
}

/** Both, with the newer snapshot of what is in both. It does not matter which of the two came first. */
export function mergeEvidence(known: Evidence, news: Evidence): Evidence {
  if (news === noEvidence) return known;
  return {
    invoices: merged(known.invoices, news.invoices, (row) => row.invoiceId, newerInvoice),
    invoicePayments: merged(
      known.invoicePayments,
      news.invoicePayments,
      (row) => row.invoicePaymentId,
      newerInvoicePayment,
    ),
    charges: merged(known.charges, news.charges, (row) => row.chargeId, newerCharge),
    refunds: merged(known.refunds, news.refunds, (row) => row.refundId, newerRefund),
    disputes: merged(known.disputes, news.disputes, (row) => row.disputeId, newerDispute),
    deletedCustomerIds: [...new Set([...known.deletedCustomerIds, ...news.deletedCustomerIds])],
  };
}

type Newer<Row> = (current: Row | null, next: Row) => Row;

function merged<Row>(
  known: readonly Row[],
  news: readonly Row[],
  keyOf: (row: Row) => string,
  newer: Newer<Row>,
): readonly Row[] {
  if (news.length === 0) return known;
  const byKey = new Map(known.map((row) => [keyOf(row), row]));
  for (const row of news) byKey.set(keyOf(row), newer(byKey.get(keyOf(row)) ?? null, row));
  return [...byKey.values()];
}

function toInvoiceRow(invoice: InvoiceFacts, at: Date): InvoiceRow {
  const { invoiceId, customerId, subscriptionId, status, amountPaid, currency, covers, paidAt, payments } = invoice;
  return { invoiceId, customerId, subscriptionId, status, amountPaid, currency, covers, paidAt, payments, at };
}

function toChargeRow(charge: ChargeFacts, at: Date): ChargeRow {
  const { chargeId, paymentIntentId, invoiceId, amountRefunded, currency } = charge;
  return { chargeId, paymentIntentId, invoiceId, amountRefunded, currency, at };
}

function toRefundRow(refund: RefundFacts, at: Date): RefundRow {
  const { refundId, chargeId, paymentIntentId, amount, currency, status } = refund;
  return { refundId, chargeId, paymentIntentId, amount, currency, status, at };
}

function toDisputeRow(dispute: DisputeFacts, at: Date): DisputeRow {
  const { disputeId, chargeId, paymentIntentId, amount, currency, status } = dispute;
  return { disputeId, chargeId, paymentIntentId, amount, currency, status, at };
}
