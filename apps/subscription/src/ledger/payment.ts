import type { InvoiceFacts } from '@billhook/billing';
import type { DomainEvent } from '@billhook/contracts';
import type { Cause, Payment } from './ledger.js';

/** A payment as an invoice event tells of it. `amount` is what was paid, or what is still to be. */
export function toPayment(invoice: InvoiceFacts, outcome: Payment['outcome'], userId: string, cause: Cause): Payment {
  const { invoiceId, customerId, subscriptionId, currency } = invoice;
  return {
    invoiceId,
    outcome,
    customerId,
    subscriptionId,
    currency,
    userId,
    attempt: outcome === 'succeeded' ? 0 : invoice.attemptCount,
    amount: outcome === 'succeeded' ? invoice.amountPaid : invoice.amountRemaining,
    eventId: cause.id,
    occurredAt: cause.at,
  };
}

export function toPaymentEvent(payment: Payment): DomainEvent {
  const data = {
    user_id: payment.userId,
    customer_id: payment.customerId,
    subscription_id: payment.subscriptionId,
    invoice_id: payment.invoiceId,
    amount: payment.amount,
    currency: payment.currency,
  };
  return { type: `billing.payment.${payment.outcome}`, data };
}
