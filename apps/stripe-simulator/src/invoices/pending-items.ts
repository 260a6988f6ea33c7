import Stripe from 'stripe';
import { idOf, newId } from '../world/ids.js';
import type { World } from '../world/world.js';
import type { DraftLine } from './line.js';

/** Keeps a line for the customer's next invoice: Stripe calls it an invoice item. */
export function addPendingItem(world: World, customer: string, line: DraftLine): Stripe.InvoiceItem {
  const item = anInvoiceItem({ customer, line, now: world.now() });
  world.invoiceItems.set(item.id, item);
  world.emit('invoiceitem.created', item);
  return item;
}

interface ItemInput {
  customer: string;
  line: DraftLine;
  now: number;
}
function anInvoiceItem({ customer, line, now }: ItemInput): Stripe.InvoiceItem {
  const { amount, currency, description, period, price, quantity, subscription, subscriptionItem } = line;
  return {
    id: newId('ii_'),
    object: 'invoiceitem',
    amount,
    currency,
    customer,
    customer_account: null,
    date: now,
    description,
    discountable: !line.isProration,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: subscription
      ? {
          subscription_details: { subscription, ...(subscriptionItem && { subscription_item: subscriptionItem }) },
          type: 'subscription_details',
        }
      : null,
    period,
    pricing: price && {
      price_details: { price: price.id, product: idOf(price.product) },
      type: 'price_details',
      unit_amount_decimal: price.unit_amount_decimal,
    },
    proration: line.isProration,
    quantity,
    quantity_decimal: Stripe.Decimal.from(quantity),
    tax_rates: [],
    test_clock: null,
  };
}

/** What waits for the next invoice of a subscription, or (null) of the customer. */
export const pendingLines = (world: World, customer: string, subscription: string | null): DraftLine[] =>
  [...world.invoiceItems.values()]
    .filter(
      (item) =>
        item.invoice === null &&
        item.customer === customer &&
        (item.parent?.subscription_details?.subscription ?? null) === subscription,
    )
    .map((item) => toDraft(world, item));

const toDraft = (world: World, item: Stripe.InvoiceItem): DraftLine => ({
  amount: item.amount,
  currency: item.currency,
  description: item.description ?? '',
  period: item.period,
  price: world.prices.get(idOf(item.pricing?.price_details?.price) ?? '') ?? null,
  quantity: item.quantity,
  subscription: item.parent?.subscription_details?.subscription ?? null,
  subscriptionItem: item.parent?.subscription_details?.subscription_item ?? null,
  isProration: item.proration,
  invoiceItem: item.id,
});

/** An invoice that is voided gives back what it took up. */
export function releaseItems(world: World, invoice: string): void {
  for (const item of world.invoiceItems.values()) {
    if (item.invoice === invoice) world.invoiceItems.set(item.id, { ...item, invoice: null });
  }
}
