import { field, id, integer, optionalField, orNull, read, reference, userIdIn } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';

/** What a payment event says about an invoice. Amounts are in the currency's minor unit. */
export interface InvoiceFacts {
  invoiceId: string;
  customerId: string;
  /** Null for an invoice outside any subscription. */
  subscriptionId: string | null;
  userId: string | null;
  amountPaid: number;
  /** What is still to pay: the amount of a failed attempt. */
  amountRemaining: number;
  currency: string;
  /** How often Stripe has tried to collect it. */
  attemptCount: number;
}

export function toInvoiceFacts(object: unknown): Reading<InvoiceFacts> {
  return read(object, readInvoice);
}

function readInvoice(root: Place): InvoiceFacts {
  const details = optionalField(root, 'parent', 'subscription_details') ?? optionalField(root, 'subscription_details');
  return {
    invoiceId: id(field(root, 'id')),
    customerId: reference(field(root, 'customer')),
    subscriptionId: readSubscriptionId(root, details),
    userId: details === null ? null : userIdIn(optionalField(details, 'metadata')),
    amountPaid: integer(field(root, 'amount_paid')),
    amountRemaining: integer(field(root, 'amount_remaining')),
    currency: id(field(root, 'currency')),
    attemptCount: integer(field(root, 'attempt_count')),
  };
}

/** `invoice.subscription` became `invoice.parent.subscription_details.subscription` in API version 2025-03-31.basil. */
function readSubscriptionId(root: Place, details: Place | null): string | null {
  const current = details === null ? null : optionalField(details, 'subscription');
  return orNull(current ?? optionalField(root, 'subscription'), reference);
}
