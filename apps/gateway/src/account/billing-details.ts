import type Stripe from 'stripe';
import { idOf } from '../stripe-reference.js';

/** What Stripe alone knows of how somebody pays. It is shown and never stored. */
export interface BillingDetails {
  method: PaymentMethod | null;
  /** Newest first. */
  invoices: Invoice[];
  /** What the subscription costs a period, before discounts; null where there is none, or more than one price. */
  price: Amount | null;
  /** What the customer pays for beside the subscription that the account shows. One is enough: such a second one is a mistake. */
  beside: OtherSubscription[];
}

/** In the currency's minor unit, each period. */
interface Amount {
  amount: number;
  currency: string;
}

/** `priceId` is null where there is more than one. */
export interface OtherSubscription {
  priceId: string | null;
  price: Amount | null;
}

/** `readAt` is null for what is as good as now, else when Stripe last said so. */
export interface ShownDetails extends BillingDetails {
  readAt: Date | null;
}

/** No card and no invoice: true of whoever has not bought anything yet. */
export function knowsNothing({ method, invoices }: BillingDetails): boolean {
  return method === null && invoices.length === 0;
}

export type PaymentMethod =
  | { kind: 'card'; brand: string; lastFour: string; expires: { month: number; year: number } }
  /** Stripe's own word for it: `sepa_debit`, `link`. */
  | { kind: 'other'; type: string };

/** `amount` is in the currency's minor unit. `status` is Stripe's and open. */
export interface Invoice {
  number: string;
  /** Null for one of no subscription. */
  subscriptionId: string | null;
  createdAt: Date;
  amount: number;
  currency: string;
  status: string;
  /** Stripe's page for it; null for one that is not out yet. */
  url: string | null;
}

/** What is charged next: the subscription's own method goes before the customer's (Stripe docs, Subscription object). */
export function methodOf(
  subscription: Pick<Stripe.Subscription, 'default_payment_method'> | null,
  customer: Stripe.Customer | Stripe.DeletedCustomer,
): PaymentMethod | null {
  const ofCustomer = customer.deleted ? null : customer.invoice_settings.default_payment_method;
  const method = subscription?.default_payment_method ?? ofCustomer;
  return method === null || typeof method === 'string' ? null : toMethod(method);
}

function toMethod({ type, card }: Stripe.PaymentMethod): PaymentMethod {
  if (type !== 'card' || card === undefined) return { kind: 'other', type };
  return {
    kind: 'card',
    brand: card.brand,
    lastFour: card.last4,
    expires: { month: card.exp_month, year: card.exp_year },
  };
}

/** Drafts are Stripe's own business until they are finalised. */
export function toInvoices(invoices: readonly Stripe.Invoice[]): Invoice[] {
  return invoices
    .filter((invoice) => invoice.status !== 'draft')
    .map(({ number, id, parent, created, total, currency, status, hosted_invoice_url: url }) => ({
      number: number ?? id ?? '',
      subscriptionId: parent?.subscription_details ? idOf(parent.subscription_details.subscription) : null,
      createdAt: new Date(created * 1000),
      amount: total,
      currency,
      status: status ?? 'open',
      url: url ?? null,
    }));
}

/** Stripe's statuses of what is charged for, now or at the next try. */
const charged = ['active', 'trialing', 'past_due'];

/** Those of a customer's subscriptions that are paid for beside this one. Which ends anyway needs nobody to end it. */
export function paidBeside(
  subscriptionId: string,
  subscriptions: readonly Pick<Stripe.Subscription, 'id' | 'status' | 'items' | 'cancel_at' | 'cancel_at_period_end'>[],
): OtherSubscription[] {
  return subscriptions
    .filter(({ id, status }) => id !== subscriptionId && charged.includes(status))
    .filter((subscription) => subscription.cancel_at === null && !subscription.cancel_at_period_end)
    .map((subscription) => ({ priceId: priceIdOf(subscription), price: priceOfItem(subscription) }));
}

function priceIdOf({ items }: Pick<Stripe.Subscription, 'items'>): string | null {
  const [item, ...others] = items.data;
  return item === undefined || others.length > 0 ? null : item.price.id;
}

export function priceOfItem({ items }: Pick<Stripe.Subscription, 'items'>): BillingDetails['price'] {
  const [item, ...others] = items.data;
  if (item === undefined || others.length > 0 || item.price.unit_amount === null) return null;
  return { amount: item.price.unit_amount * (item.quantity ?? 1), currency: item.price.currency };
}
