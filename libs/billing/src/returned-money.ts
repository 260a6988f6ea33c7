import type { DomainEvent } from '@billhook/contracts';
import type { DisputeRow, Evidence, InvoiceRow } from './evidence.js';
import { returnedOf } from './payment-links.js';
import { amountReturned } from './revocation.js';
import type { StripeObject } from './stripe-object.js';

/** What is to be told of an object, and the state of it that this tells. */
export interface Tidings {
  about: Pick<StripeObject, 'kind' | 'id'>;
  state: string;
  event: DomainEvent;
}

/** The state of an object that was told last; null when none was. */
export type ToldOf = (about: Pick<StripeObject, 'kind' | 'id'>) => string | null;

/**
 * What went back of a user's money, or is disputed, and has not been told: each state once, and only when it is known of which
 * invoice. Of refunds the state is their sum, so that it does not matter whether a refund or its charge tells of it first.
 */
export function returnsToTell(userId: string, evidence: Evidence, toldOf: ToldOf): Tidings[] {
  const { charges, refunds, disputes, invoices } = evidence;
  if (charges.length + refunds.length + disputes.length === 0) return [];
  const paid = invoices.filter(({ amountPaid }) => amountPaid > 0);
  const all = paid.flatMap((invoice) => [
    refundOf(userId, invoice, evidence),
    ...returnedOf(invoice, evidence).disputes.map((dispute) => toTidings(userId, invoice, dispute)),
  ]);
  return all.filter(({ about, state }) => state !== (toldOf(about) ?? nothingReturned));
}

const nothingReturned = '0';

function refundOf(userId: string, invoice: InvoiceRow, evidence: Evidence): Tidings {
  const amount = amountReturned(invoice, evidence);
  return {
    about: { kind: 'invoice', id: invoice.invoiceId },
    state: String(amount),
    event: {
      type: 'billing.payment.refunded',
      data: { ...paymentOf(userId, invoice), amount, amount_paid: invoice.amountPaid },
    },
  };
}

function toTidings(userId: string, invoice: InvoiceRow, { disputeId, status, amount, currency }: DisputeRow): Tidings {
  return {
    about: { kind: 'dispute', id: disputeId },
    state: status,
    event: {
      type: 'billing.payment.disputed',
      data: { ...paymentOf(userId, invoice), amount, currency, dispute_id: disputeId, status },
    },
  };
}

function paymentOf(userId: string, { invoiceId, customerId, subscriptionId, currency }: InvoiceRow) {
  return {
    user_id: userId,
    customer_id: customerId,
    subscription_id: subscriptionId,
    invoice_id: invoiceId,
    currency,
  };
}
