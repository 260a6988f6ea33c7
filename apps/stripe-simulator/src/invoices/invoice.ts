import type Stripe from 'stripe';
import { newId } from '../world/ids.js';
import { sumOf, toLine } from './line.js';
import type { DraftLine } from './line.js';

export type BillingReason = 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update';

export interface InvoiceInput {
  customer: Stripe.Customer;
  subscription: Stripe.Subscription | null;
  reason: BillingReason;
  lines: DraftLine[];
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
  const lines = input.lines.map((line) => toLine(id, line));
  const subtotal = sumOf(lines);
  const total = subtotal - sumOf(reductions);
  const { due, startingBalance } = settleBalance(customer, total);
  return {
    ...emptyInvoice,
    id,
    amount_due: due,
    amount_remaining: due,
    billing_reason: input.reason,
    created: now,
    customer: customer.id,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    default_payment_method: null,
    discounts: reductions.map(({ discount }) => discount),
    effective_at: null,
    lines: { object: 'list', data: lines, has_more: false, url: `/v1/invoices/${id}/lines` },
    metadata: {},
    parent: subscription && {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    period_end: input.period.end,
    period_start: input.period.start,
    starting_balance: startingBalance,
    subtotal,
    subtotal_excluding_tax: subtotal,
    total,
    total_discount_amounts: reductions,
    total_excluding_tax: total,
    total_pretax_credit_amounts: reductions.map((reduction) => ({ ...reduction, type: 'discount' as const })),
  };
}

/** A customer's balance below zero is credit: it pays first, and what an invoice comes to below zero is added to it. */
export function settleBalance(customer: Stripe.Customer, total: number) {
  const startingBalance = customer.balance;
  const sum = total + startingBalance;
  return { startingBalance, due: Math.max(0, sum), endingBalance: Math.min(0, sum) };
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
  statement_descriptor: null,
  status: 'draft',
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  test_clock: null,
  total_taxes: [],
  webhooks_delivered_at: null,
} satisfies Partial<Stripe.Invoice>;

/** The payment an invoice waits for; `open` until it is paid, `canceled` with an invoice that is voided. */
export const anInvoicePayment = (invoice: Stripe.Invoice, intent: string, created: number): Stripe.InvoicePayment => ({
  id: newId('inpay_'),
  object: 'invoice_payment',
  amount_paid: null,
  amount_requested: invoice.amount_due,
  created,
  currency: invoice.currency,
  invoice: invoice.id,
  is_default: true,
  livemode: false,
  payment: { payment_intent: intent, type: 'payment_intent' },
  status: 'open',
  status_transitions: { canceled_at: null, paid_at: null },
});
