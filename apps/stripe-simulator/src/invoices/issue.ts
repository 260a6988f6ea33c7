import type Stripe from 'stripe';
import { idOf } from '../world/ids.js';
import { found } from '../api/stripe-error.js';
import type { World } from '../world/world.js';
import { anInvoice, anInvoicePayment } from './invoice.js';
import type { InvoiceInput } from './invoice.js';
import { reductionOf } from './discount.js';

interface Bill {
  subscription: Stripe.Subscription;
  reason: InvoiceInput['reason'];
  discounts: Stripe.Discount[];
}

/** Draws up the draft and stores it. It tells nobody yet: its events belong after the subscription's. */
export function issueInvoice(world: World, { subscription, reason, discounts }: Bill): Stripe.Invoice {
  const customer = found(world.customers, idOf(subscription.customer), 'customer');
  const before = world.subscriptions.get(subscription.id);
  const subtotal = subscription.items.data.reduce(
    (sum, row) => sum + (row.price.unit_amount ?? 0) * (row.quantity ?? 1),
    0,
  );
  const now = world.now();
  const invoice = anInvoice({
    customer,
    subscription,
    reason,
    describe: (item) => describeItem(world, item),
    reductions: discounts.map((discount) => ({
      amount: reductionOf(found(world.coupons, idOf(discount.source.coupon) ?? '', 'coupon'), subtotal),
      discount: discount.id,
    })),
    period: { start: before?.items.data[0]?.current_period_start ?? now, end: now },
    now,
  });
  world.invoices.set(invoice.id, invoice);
  return invoice;
}

/**
 * Finalises and pays a draft: invoice.created, .finalized, .paid, .payment_succeeded and invoice_payment.paid, each
 * with the invoice as it was at that moment.
 */
export function payInvoice(world: World, draft: Stripe.Invoice): Stripe.Invoice {
  world.emit('invoice.created', draft);
  const now = world.now();
  const finalized: Stripe.Invoice = {
    ...draft,
    status: 'open',
    effective_at: now,
    ending_balance: 0,
    hosted_invoice_url: `${world.publicUrl}/i/${draft.id}`,
    number: nextNumber(world, idOf(draft.customer) ?? ''),
    status_transitions: { ...draft.status_transitions, finalized_at: now },
  };
  world.emit('invoice.finalized', finalized);
  const paid: Stripe.Invoice = {
    ...finalized,
    status: 'paid',
    amount_paid: finalized.amount_due,
    amount_remaining: 0,
    attempt_count: 1,
    attempted: true,
    auto_advance: false,
    status_transitions: { ...finalized.status_transitions, paid_at: now },
  };
  const payment = anInvoicePayment(paid, now);
  world.invoices.set(paid.id, paid);
  world.invoicePayments.set(payment.id, payment);
  world.emit('invoice.paid', paid);
  world.emit('invoice.payment_succeeded', paid);
  world.emit('invoice_payment.paid', payment);
  return paid;
}

/** The sequence is the customer's; using a number up is not worth a customer.updated to Stripe either. */
function nextNumber(world: World, customerId: string): string {
  const customer = found(world.customers, customerId, 'customer');
  const sequence = customer.next_invoice_sequence ?? 1;
  world.customers.set(customer.id, { ...customer, next_invoice_sequence: sequence + 1 });
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
}

/** `1 × Pro (at $9.99 / month)`, as Stripe words it. */
function describeItem(world: World, { price, quantity = 1 }: Stripe.SubscriptionItem): string {
  const product = found(world.products, idOf(price.product), 'product');
  const amount = ((price.unit_amount ?? 0) / 100).toFixed(2);
  return `${quantity} × ${product.name} (at $${amount} / ${price.recurring?.interval})`;
}
