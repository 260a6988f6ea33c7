import type { ChargeRow, DisputeRow, InvoiceRow, RefundRow } from './evidence.js';
import type { InvoiceFacts } from './invoice-facts.js';
import type { ChargeFacts, DisputeFacts, RefundFacts } from './payment-facts.js';
import type { StripeFact } from './stripe-event.js';
import type { StripeObject } from './stripe-object.js';

/** The objects to keep that an event of this second tells of; those of most events are none. */
export function objectsOf(fact: StripeFact, at: Date): StripeObject[] {
  switch (fact.kind) {
    case 'payment':
    case 'invoice_closed':
      return [toInvoice(fact.invoice, null, at)];
    case 'action_required':
      return [toInvoice(fact.invoice, fact.invoice.attemptCount, at)];
    case 'invoice_payment': {
      const { payment } = fact;
      return [{ kind: 'invoice_payment', id: payment.invoicePaymentId, customerId: null, row: { ...payment, at } }];
    }
    case 'charge_refunded':
      return [toCharge(fact.charge, at), ...fact.charge.refunds.map((refund) => toRefund(refund, at))];
    case 'refund':
      return [toRefund(fact.refund, at)];
    case 'dispute':
      return [{ kind: 'dispute', id: fact.dispute.disputeId, customerId: null, row: toDisputeRow(fact.dispute, at) }];
    case 'schedule': {
      const { schedule, customerId } = fact;
      return [{ kind: 'schedule', id: schedule.scheduleId, customerId, row: { ...schedule, at } }];
    }
    case 'customer_deleted': {
      const { customerId } = fact;
      return [{ kind: 'deleted_customer', id: customerId, customerId, row: { customerId, at } }];
    }
    case 'subscription':
    case 'checkout':
    case 'checkout_settled':
    case 'customer':
    case 'subscription_hint':
    case 'events_not_made':
    case 'hint':
    case 'irrelevant':
      return [];
    default:
      return fact satisfies never;
  }
}

function toInvoice(invoice: InvoiceFacts, confirmAttempt: number | null, at: Date): StripeObject {
  const { invoiceId, customerId } = invoice;
  return { kind: 'invoice', id: invoiceId, customerId, row: toInvoiceRow(invoice, confirmAttempt, at) };
}

function toCharge(charge: ChargeFacts, at: Date): StripeObject {
  return { kind: 'charge', id: charge.chargeId, customerId: charge.customerId, row: toChargeRow(charge, at) };
}

function toRefund(refund: RefundFacts, at: Date): StripeObject {
  return { kind: 'refund', id: refund.refundId, customerId: refund.customerId, row: toRefundRow(refund, at) };
}

function toInvoiceRow(invoice: InvoiceFacts, confirmAttempt: number | null, at: Date): InvoiceRow {
  const { invoiceId, customerId, subscriptionId, status, amountPaid, currency, covers, paidAt } = invoice;
  const { payments, attemptCount, hostedInvoiceUrl } = invoice;
  const said = { invoiceId, customerId, subscriptionId, status, amountPaid, currency, covers, paidAt };
  return { ...said, payments, attemptCount, hostedInvoiceUrl, confirmAttempt, at };
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
