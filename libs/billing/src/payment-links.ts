import type { Evidence, InvoiceRow } from './evidence.js';
import type { PaymentReference } from './payment-facts.js';

/** What paid an invoice, by all that is known: the invoice itself, its InvoicePayments, and charges that name it. */
export function paymentsOf(invoice: InvoiceRow, evidence: Evidence): PaymentReference[] {
  const isOfInvoice = ({ invoiceId }: { invoiceId: string | null }) => invoiceId === invoice.invoiceId;
  const direct = [
    ...invoice.payments,
    ...evidence.invoicePayments.filter(isOfInvoice),
    ...evidence.charges.filter(isOfInvoice),
  ];
  return direct.flatMap((reference) => [reference, ...otherNamesOf(reference, evidence)]);
}

/** Whether the two name the same payment. */
export function isSamePayment(a: PaymentReference, b: PaymentReference): boolean {
  const isSameCharge = a.chargeId !== null && a.chargeId === b.chargeId;
  return isSameCharge || (a.paymentIntentId !== null && a.paymentIntentId === b.paymentIntentId);
}

export function isPaymentOf(reference: PaymentReference, payments: readonly PaymentReference[]): boolean {
  return payments.some((payment) => isSamePayment(payment, reference));
}

/**
 * Refunds and disputes of payments whose invoice is not known: since API version 2025-03-31.basil only an InvoicePayment leads
 * there, and one that was missed has to be asked for (`invoice_payments` by their payment intent).
 */
export function unlinkedPayments(evidence: Evidence): PaymentReference[] {
  const returned = [...evidence.refunds, ...evidence.disputes, ...evidence.charges.filter(isRefunded)];
  if (returned.length === 0) return [];
  const known = evidence.invoices.flatMap((invoice) => paymentsOf(invoice, evidence));
  const unlinked = returned.filter((reference) => !isPaymentOf(reference, known));
  return unlinked.filter((reference, index) => !isPaymentOf(reference, unlinked.slice(0, index)));
}

function isRefunded({ amountRefunded }: { amountRefunded: number }): boolean {
  return amountRefunded > 0;
}

/** A charge names its payment intent: whoever knows one of the two then knows both. */
function otherNamesOf(reference: PaymentReference, evidence: Evidence): PaymentReference[] {
  const named = [...evidence.charges, ...evidence.refunds, ...evidence.disputes];
  return named.filter((other) => isSamePayment(other, reference));
}
