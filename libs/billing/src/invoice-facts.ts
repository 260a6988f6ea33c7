import {
  elements,
  field,
  flag,
  id,
  instant,
  integer,
  optionalField,
  orNull,
  read,
  reference,
  userIdIn,
  webAddress,
} from './json-reader.js';
import type { Place, Reading } from './json-reader.js';
import { readPaymentReference } from './payment-facts.js';
import type { PaymentReference } from './payment-facts.js';

export interface Period {
  start: Date;
  /** The first moment after it. */
  end: Date;
}

/** What an event says about an invoice. Amounts are in the currency's minor unit. */
export interface InvoiceFacts {
  invoiceId: string;
  customerId: string;
  /** Null for an invoice outside any subscription. */
  subscriptionId: string | null;
  userId: string | null;
  /** Stripe's own and open: `draft`, `open`, `paid`, `uncollectible`, `void`; null where an event does not say. */
  status: string | null;
  amountPaid: number;
  /** What is still to pay: the amount of a failed attempt. */
  amountRemaining: number;
  currency: string;
  /** How often Stripe has tried to collect it. */
  attemptCount: number;
  /** The period of the subscription that it is for; null when its lines do not say. */
  covers: Period | null;
  /** The prices of that period. */
  priceIds: string[];
  paidAt: Date | null;
  /** Stripe's page on which the customer can pay or confirm it; null for a draft. */
  hostedInvoiceUrl: string | null;
  /** What paid it, as far as the invoice itself says so: since API version 2025-03-31.basil InvoicePayments do. */
  payments: PaymentReference[];
}

interface Line {
  subscriptionId: string | null;
  priceId: string | null;
  amount: number;
  isProration: boolean;
  /** Not of a plan's price but an item put on the invoice: a fee, or the difference that a change of plan makes. */
  isItem: boolean;
  period: Period;
}

export function toInvoiceFacts(object: unknown): Reading<InvoiceFacts> {
  return read(object, readInvoice);
}

function readInvoice(root: Place): InvoiceFacts {
  const details = optionalField(root, 'parent', 'subscription_details') ?? optionalField(root, 'subscription_details');
  const subscriptionId = readSubscriptionId(root, details);
  const lines = periodLines(readLines(root), subscriptionId);
  return {
    invoiceId: id(field(root, 'id')),
    customerId: reference(field(root, 'customer')),
    subscriptionId,
    userId: details === null ? null : userIdIn(optionalField(details, 'metadata')),
    status: orNull(field(root, 'status'), id),
    amountPaid: integer(field(root, 'amount_paid')),
    amountRemaining: integer(field(root, 'amount_remaining')),
    currency: id(field(root, 'currency')),
    attemptCount: integer(field(root, 'attempt_count')),
    covers: spanOf(lines),
    priceIds: [...new Set(lines.flatMap((line) => line.priceId ?? []))],
    paidAt: orNull(optionalField(root, 'status_transitions', 'paid_at'), instant),
    hostedInvoiceUrl: orNull(field(root, 'hosted_invoice_url'), webAddress),
    payments: readPayments(root),
  };
}

/** `invoice.subscription` became `invoice.parent.subscription_details.subscription` in API version 2025-03-31.basil. */
function readSubscriptionId(root: Place, details: Place | null): string | null {
  const current = details === null ? null : optionalField(details, 'subscription');
  return orNull(current ?? optionalField(root, 'subscription'), reference);
}

/** `payments` is there only where somebody expanded it; until basil an invoice had one `payment_intent` and one `charge`. */
function readPayments(root: Place): PaymentReference[] {
  const payments = optionalField(root, 'payments', 'data');
  if (payments !== null) return elements(payments).map((payment) => readPaymentReference(field(payment, 'payment')));
  const { chargeId, paymentIntentId } = readPaymentReference(root);
  return chargeId === null && paymentIntentId === null ? [] : [{ chargeId, paymentIntentId }];
}

function readLines(root: Place): Line[] {
  const lines = optionalField(root, 'lines', 'data');
  return lines === null ? [] : elements(lines).map(readLine);
}

/** Basil moved what a line is about into `parent`, and its price into `pricing`. */
function readLine(line: Place): Line {
  const parent = optionalField(line, 'parent');
  const details =
    parent === null
      ? null
      : (optionalField(parent, 'subscription_item_details') ?? optionalField(parent, 'invoice_item_details'));
  const subscription = details === null ? null : optionalField(details, 'subscription');
  const proration = details === null ? null : optionalField(details, 'proration');
  const price = optionalField(line, 'pricing', 'price_details', 'price') ?? optionalField(line, 'price');
  return {
    subscriptionId: orNull(subscription ?? optionalField(line, 'subscription'), reference),
    priceId: orNull(price ?? optionalField(line, 'plan'), reference),
    amount: integer(field(line, 'amount')),
    isProration: orNull(proration ?? optionalField(line, 'proration'), flag) ?? false,
    isItem: isInvoiceItem(line),
    period: readPeriod(field(line, 'period')),
  };
}

function isInvoiceItem(line: Place): boolean {
  return optionalField(line, 'parent', 'invoice_item_details') !== null || field(line, 'type').value === 'invoiceitem';
}

function readPeriod(place: Place): Period {
  return { start: instant(field(place, 'start')), end: instant(field(place, 'end')) };
}

/**
 * The lines that say what time was bought: those of the subscription's period. The invoice of a change in mid-period has none,
 * only what is credited and what is charged for the rest of it: then what is charged. A fee beside the plan buys no time, whatever
 * period somebody gave it: paid, it restores nothing, and its refund takes nothing.
 */
function periodLines(lines: Line[], subscriptionId: string | null): Line[] {
  const own = lines.filter((line) => subscriptionId !== null && line.subscriptionId === subscriptionId);
  const regular = own.filter((line) => !line.isProration && !line.isItem);
  return regular.length > 0 ? regular : own.filter((line) => line.isProration && line.amount > 0);
}

function spanOf(lines: Line[]): Period | null {
  if (lines.length === 0) return null;
  const starts = lines.map(({ period }) => period.start.getTime());
  const ends = lines.map(({ period }) => period.end.getTime());
  return { start: new Date(Math.min(...starts)), end: new Date(Math.max(...ends)) };
}
