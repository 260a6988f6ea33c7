import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

export interface InvoiceInput {
  customer: Stripe.Customer;
  subscription: Stripe.Subscription;
  reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  describe: (item: Stripe.SubscriptionItem) => string;
  /** In cents, with the discounts they come from. */
  reductions: { amount: number; discount: string }[];
  /** What the bill looks back on; the first one starts and ends with the subscription. */
  period: { start: number; end: number };
  now: number;
}

/** A draft. Since basil the subscription is under `parent`, the payments are InvoicePayments, and `paid` is gone. */
export function anInvoice(input: InvoiceInput): Stripe.Invoice {
  const { customer, subscription, now, reductions } = input;
  const id = newId('in_');
  const lines = subscription.items.data.map((item) => aLine(id, item, input.describe(item)));
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const reduced = reductions.reduce((sum, { amount }) => sum + amount, 0);
  const total = subtotal - reduced;
  return {
    ...emptyInvoice,
    id,
    amount_due: total,
    amount_remaining: total,
    billing_reason: input.reason,
    created: now,
    customer: customer.id,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    discounts: reductions.map(({ discount }) => discount),
    effective_at: null,
    lines: { object: 'list', data: lines, has_more: false, url: `/v1/invoices/${id}/lines` },
    metadata: {},
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    period_end: input.period.end,
    period_start: input.period.start,
    subtotal,
    subtotal_excluding_tax: subtotal,
    total,
    total_discount_amounts: reductions,
    total_excluding_tax: total,
    total_pretax_credit_amounts: reductions.map((reduction) => ({ ...reduction, type: 'discount' as const })),
  };
}

const emptyInvoice = {
  object: 'invoice',
  account_country: 'US',
  account_name: 'Stripe simulator',
  account_tax_ids: null,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_shipping: 0,
  application: null,
  attempt_count: 0,
  attempted: false,
  auto_advance: true,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  automatically_finalizes_at: null,
  collection_method: 'charge_automatically',
  currency: 'usd',
  custom_fields: null,
  customer_account: null,
  customer_address: null,
  customer_phone: null,
  customer_shipping: null,
  customer_tax_exempt: 'none',
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  due_date: null,
  ending_balance: null,
  footer: null,
  from_invoice: null,
  hosted_invoice_url: null,
  invoice_pdf: null,
  issuer: { type: 'self' },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  next_payment_attempt: null,
  number: null,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  starting_balance: 0,
  statement_descriptor: null,
  status: 'draft',
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  test_clock: null,
  total_taxes: [],
  webhooks_delivered_at: null,
} satisfies Partial<Stripe.Invoice>;

function aLine(invoice: string, item: Stripe.SubscriptionItem, description: string): Stripe.InvoiceLineItem {
  const { price, quantity = 1 } = item;
  const product = typeof price.product === 'string' ? price.product : price.product.id;
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: newId('il_'),
    object: 'line_item',
    amount,
    currency: price.currency,
    description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: null,
        subscription: item.subscription,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period: { end: item.current_period_end, start: item.current_period_start },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product },
      type: 'price_details',
      unit_amount_decimal: price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: null,
    subscription: item.subscription,
    subtotal: amount,
    taxes: [],
  };
}

export const anInvoicePayment = (invoice: Stripe.Invoice, paidAt: number): Stripe.InvoicePayment => ({
  id: newId('inpay_'),
  object: 'invoice_payment',
  amount_paid: invoice.amount_due,
  amount_requested: invoice.amount_due,
  created: paidAt,
  currency: invoice.currency,
  invoice: invoice.id,
  is_default: true,
  livemode: false,
  payment: { payment_intent: newId('pi_'), type: 'payment_intent' },
  status: 'paid',
  status_transitions: { canceled_at: null, paid_at: paidAt },
});
