import type Stripe from 'stripe';
import { found } from '../api/stripe-error.js';
import { aPaymentIntent } from '../payments/payment-intent.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { reductionOf } from './discount.js';
import { anInvoice, anInvoicePayment, settleBalance } from './invoice.js';
import type { BillingReason } from './invoice.js';
import { sumOf } from './line.js';
import type { DraftLine } from './line.js';

export interface Bill {
  customer: string;
  /** As it will be once billed; null for an invoice of its own. */
  subscription: Stripe.Subscription | null;
  reason: BillingReason;
  lines: DraftLine[];
  discounts?: Stripe.Discount[];
}

/** The invoice a bill comes to; nothing is stored, so that it serves a preview too. */
export function draftInvoice(world: World, bill: Bill): Stripe.Invoice {
  const before = world.subscriptions.get(bill.subscription?.id ?? '');
  const now = world.now();
  const subtotal = sumOf(bill.lines);
  return anInvoice({
    customer: found(world.customers, bill.customer, 'customer'),
    subscription: bill.subscription,
    reason: bill.reason,
    lines: bill.lines,
    reductions: (bill.discounts ?? []).map((discount) => ({
      amount: reductionOf(found(world.coupons, idOf(discount.source.coupon) ?? '', 'coupon'), subtotal),
      discount: discount.id,
    })),
    period: { start: before?.items.data[0]?.current_period_start ?? now, end: now },
    now,
  });
}

/** Draws up the draft and stores it. It tells nobody yet: its events belong after the subscription's. */
export function issueInvoice(world: World, bill: Bill): Stripe.Invoice {
  const invoice = draftInvoice(world, bill);
  world.invoices.set(invoice.id, invoice);
  for (const { invoiceItem } of bill.lines) {
    const item = world.invoiceItems.get(invoiceItem ?? '');
    if (item) world.invoiceItems.set(item.id, { ...item, invoice: invoice.id });
  }
  return invoice;
}

/** invoice.created, then .finalized, each with the invoice as it was at that moment. */
export function announceInvoice(world: World, draft: Stripe.Invoice): Stripe.Invoice {
  world.emit('invoice.created', draft);
  return finalizeInvoice(world, draft);
}

/** Draft to open: it gets its number, uses up the customer's balance, and what is due gets a payment to wait for. */
export function finalizeInvoice(world: World, draft: Stripe.Invoice): Stripe.Invoice {
  const now = world.now();
  const customer = found(world.customers, idOf(draft.customer) ?? '', 'customer');
  const { due, startingBalance, endingBalance } = settleBalance(customer, draft.total);
  const finalized: Stripe.Invoice = {
    ...draft,
    status: 'open',
    amount_due: due,
    amount_remaining: due,
    auto_advance: true,
    starting_balance: startingBalance,
    ending_balance: endingBalance,
    effective_at: now,
    hosted_invoice_url: `${world.publicUrl}/i/${draft.id}`,
    number: nextNumber(world, customer.id),
    status_transitions: { ...draft.status_transitions, finalized_at: now },
  };
  applyBalance(world, customer.id, endingBalance);
  if (due > 0) expectPayment(world, finalized, now);
  world.storeInvoice(finalized);
  world.emit('invoice.finalized', finalized);
  return finalized;
}

function expectPayment(world: World, invoice: Stripe.Invoice, now: number): void {
  const { amount_due: amount, currency } = invoice;
  const intent = aPaymentIntent({ amount, currency, customer: idOf(invoice.customer), created: now });
  const payment = anInvoicePayment(invoice, intent.id, now);
  world.paymentIntents.set(intent.id, intent);
  world.invoicePayments.set(payment.id, payment);
  world.paymentByInvoice.set(invoice.id, payment.id);
}

/** Money already paid that goes back to a customer's balance, or comes out of it. */
function applyBalance(world: World, customerId: string, balance: number): void {
  const customer = found(world.customers, customerId, 'customer');
  world.update(world.customers, 'customer.updated', { ...customer, balance });
}

/** The sequence is the customer's; using a number up is not worth a customer.updated to Stripe either. */
function nextNumber(world: World, customerId: string): string {
  const customer = found(world.customers, customerId, 'customer');
  const sequence = customer.next_invoice_sequence ?? 1;
  world.customers.set(customer.id, { ...customer, next_invoice_sequence: sequence + 1 });
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
}
