import type { ChargeRow, Evidence, InvoiceRow, RefundRow } from './evidence.js';
import { returnedOf } from './payment-links.js';

/** Why a period that was paid for counts as not paid. */
export interface Revocation {
  by: 'refund' | 'dispute';
  invoiceId: string;
}

/** What one of Stripe's dispute statuses means for access. The enum is open: `unknown` is what Stripe adds next. */
export type DisputeMeaning = 'inquiry' | 'chargeback' | 'over' | 'unknown';

export function disputeMeaning(status: string): DisputeMeaning {
  switch (status) {
    case 'needs_response':
    case 'under_review':
    case 'appeal_needs_response':
    case 'appeal_under_review':
    case 'lost':
      return 'chargeback';
    case 'won':
    // The money went back before it came to a chargeback: if so, a refund tells.
    case 'prevented':
    case 'charge_refunded':
      return 'over';
    default:
      return status.startsWith('warning_') ? 'inquiry' : 'unknown';
  }
}

/**
 * Whether the payment that the subscription now lives on went back: its newest paid invoice, among those whose period has begun,
 * is charged back, or refunded in full with all else that was paid up to the same day: the difference of an upgrade alone leaves the
 * plan before it paid. The newest is the one whose period began last: an old debt that is paid late buys nothing of today. A newer
 * paid invoice restores. The end of its period alone does not: nothing has been paid for what comes after it. An invoice of nothing
 * (a full discount) counts as newer once its period follows.
 */
export function revocationOf(subscriptionId: string, evidence: Evidence, now: Date): Revocation | null {
  const paid = paidInvoices(subscriptionId, evidence).filter(({ covers }) => covers.start <= now);
  const [newest, ...others] = paid.filter((invoice) => invoice.amountPaid > 0).toSorted(byPeriod);
  if (newest === undefined) return null;
  if (paid.some((invoice) => invoice.covers.start >= newest.covers.end)) return null;
  const { invoiceId } = newest;
  if (isChargedBack(newest, evidence)) return { by: 'dispute', invoiceId };
  const beside = others.filter(({ covers }) => covers.end.getTime() === newest.covers.end.getTime());
  const isRefunded = isRefundedInFull(newest, evidence) && beside.every((invoice) => wentBack(invoice, evidence));
  return isRefunded ? { by: 'refund', invoiceId } : null;
}

/** Until when the subscription is paid for; null when no paid invoice of it is known. */
export function paidUntil(subscriptionId: string, evidence: Evidence): Date | null {
  const ends = paidInvoices(subscriptionId, evidence).map(({ covers }) => covers.end.getTime());
  return ends.length === 0 ? null : new Date(Math.max(...ends));
}

type CoveringInvoice = InvoiceRow & { covers: NonNullable<InvoiceRow['covers']> };

function paidInvoices(subscriptionId: string, { invoices }: Evidence): CoveringInvoice[] {
  return invoices.filter(
    (invoice): invoice is CoveringInvoice =>
      invoice.subscriptionId === subscriptionId && invoice.status === 'paid' && invoice.covers !== null,
  );
}

/** The newest first; of two for the same period the one that was paid later. */
function byPeriod(a: CoveringInvoice, b: CoveringInvoice): number {
  const paidAt = ({ paidAt, at }: InvoiceRow) => (paidAt ?? at).getTime();
  return (
    b.covers.start.getTime() - a.covers.start.getTime() || paidAt(b) - paidAt(a) || (a.invoiceId < b.invoiceId ? 1 : -1)
  );
}

function wentBack(invoice: InvoiceRow, evidence: Evidence): boolean {
  return isChargedBack(invoice, evidence) || isRefundedInFull(invoice, evidence);
}

function isChargedBack(invoice: InvoiceRow, evidence: Evidence): boolean {
  return returnedOf(invoice, evidence).disputes.some(({ status }) => disputeMeaning(status) === 'chargeback');
}

function isRefundedInFull(invoice: InvoiceRow, evidence: Evidence): boolean {
  return amountReturned(invoice, evidence) >= invoice.amountPaid;
}

/** How much of what was paid for an invoice has gone back, by all that is known. */
export function amountReturned(invoice: InvoiceRow, evidence: Evidence): number {
  const { charges, refunds } = returnedOf(invoice, evidence);
  return amountRefunded(charges, refunds);
}

/**
 * Refunds and the charge's own total tell the same story, and either may be missing: older API versions send no event for a
 * refund, newer ones no refunds with the charge. A refund that failed after the charge was last heard of is still in its total.
 */
function amountRefunded(charges: readonly ChargeRow[], refunds: readonly RefundRow[]): number {
  const gone = refunds.filter(isUndone);
  const ofCharges = charges.map((charge) => {
    const later = gone.filter((refund) => refund.chargeId === charge.chargeId && refund.at >= charge.at);
    return charge.amountRefunded - sum(later);
  });
  const told = ofCharges.reduce((total, amount) => total + Math.max(amount, 0), 0);
  return Math.max(told, sum(refunds.filter(({ status }) => countingStatuses.includes(status))));
}

const countingStatuses = ['succeeded', 'pending', 'requires_action'];

function isUndone({ status }: RefundRow): boolean {
  return status === 'failed' || status === 'canceled';
}

function sum(refunds: readonly RefundRow[]): number {
  return refunds.reduce((total, { amount }) => total + amount, 0);
}
