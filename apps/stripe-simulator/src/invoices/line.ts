import type Stripe from 'stripe';
import { found } from '../api/stripe-error.js';
import { idOf, newId } from '../world/ids.js';
import type { World } from '../world/world.js';

/** What will be a line of an invoice, before there is one. */
export interface DraftLine {
  /** In minor units; a credit is negative. */
  amount: number;
  currency: string;
  description: string;
  period: { start: number; end: number };
  price: Stripe.Price | null;
  quantity: number;
  subscription: string | null;
  subscriptionItem: string | null;
  isProration: boolean;
  /** The pending invoice item it comes from. */
  invoiceItem: string | null;
}

export function toLine(invoice: string, draft: DraftLine): Stripe.InvoiceLineItem {
  const { amount, currency, description, period, price, quantity, subscription } = draft;
  return {
    id: newId('il_'),
    object: 'line_item',
    amount,
    currency,
    description,
    discount_amounts: [],
    // A proration carries the discount of what it is a part of.
    discountable: !draft.isProration,
    discounts: [],
    invoice,
    livemode: false,
    metadata: {},
    parent: parentOf(draft),
    period,
    pretax_credit_amounts: [],
    pricing: price && {
      price_details: { price: price.id, product: idOf(price.product) },
      type: 'price_details',
      unit_amount_decimal: price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: null,
    subscription,
    subtotal: amount,
    taxes: [],
  };
}

function parentOf({ subscription, subscriptionItem, isProration, invoiceItem }: DraftLine) {
  const shared = { invoice_item: invoiceItem ?? '', proration: isProration, proration_details: null, subscription };
  if (subscriptionItem === null) {
    return {
      invoice_item_details: shared,
      subscription_item_details: null,
      type: 'invoice_item_details' as const,
    };
  }
  return {
    invoice_item_details: null,
    subscription_item_details: { ...shared, invoice_item: invoiceItem, subscription_item: subscriptionItem },
    type: 'subscription_item_details' as const,
  };
}

export const amountOf = ({ price, quantity = 1 }: Pick<Stripe.SubscriptionItem, 'price' | 'quantity'>) =>
  (price.unit_amount ?? 0) * quantity;

export const sumOf = (lines: readonly { amount: number }[]) => lines.reduce((sum, { amount }) => sum + amount, 0);

/** A line for each item's whole period, in advance. */
export const periodLines = (world: World, { items }: Stripe.Subscription): DraftLine[] =>
  items.data.map((item) => ({ ...itemLine(item), amount: amountOf(item), description: describeItem(world, item) }));

/** A trial is billed too, with nothing. */
export const trialLines = (world: World, { items }: Stripe.Subscription): DraftLine[] =>
  items.data.map((item) => ({
    ...itemLine(item),
    amount: 0,
    description: `Trial period for ${productName(world, item.price)}`,
  }));

const itemLine = (item: Stripe.SubscriptionItem): Omit<DraftLine, 'amount' | 'description'> => ({
  currency: item.price.currency,
  period: { start: item.current_period_start, end: item.current_period_end },
  price: item.price,
  quantity: item.quantity ?? 1,
  subscription: item.subscription,
  subscriptionItem: item.id,
  isProration: false,
  invoiceItem: null,
});

export const productName = (world: World, price: Stripe.Price) =>
  found(world.products, idOf(price.product), 'product').name;

/** `1 × Pro (at $9.99 / month)`, as Stripe words it. */
function describeItem(world: World, { price, quantity = 1 }: Stripe.SubscriptionItem): string {
  const amount = ((price.unit_amount ?? 0) / 100).toFixed(2);
  return `${quantity} × ${productName(world, price)} (at $${amount} / ${price.recurring?.interval})`;
}
