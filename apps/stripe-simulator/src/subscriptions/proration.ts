import type Stripe from 'stripe';
import type { DraftLine } from '../invoices/line.js';
import { amountOf } from '../invoices/line.js';

/** A price and how many of it. */
export interface Wanted {
  price: Stripe.Price;
  quantity: number;
}

interface Proration {
  item: Stripe.SubscriptionItem;
  /** Within the item's current period. */
  at: number;
  nameOf: (price: Stripe.Price) => string;
}

/** What is left of `amount` for the rest of a period, to the second, each line rounded by itself to whole cents. */
export const shareOf = (amount: number, period: { start: number; end: number }, at: number) =>
  Math.round((amount * (period.end - at)) / (period.end - period.start));

/** The credit for the time a customer has paid for and will not use. */
export const unusedTime = ({ item, at, nameOf }: Proration): DraftLine => ({
  ...partOf(item, at),
  // Never minus nought, which would be sent as such.
  amount: 0 - shareOf(amountOf(item), periodOf(item), at),
  description: `Unused time on ${named(item, nameOf)} after ${dayOf(at)}`,
  price: item.price,
  quantity: item.quantity ?? 1,
});

/** The charge for the rest of the period at another price or quantity. */
export const remainingTime = ({ item, at, nameOf }: Proration, wanted: Wanted): DraftLine => ({
  ...partOf(item, at),
  amount: shareOf(amountOf(wanted), periodOf(item), at),
  description: `Remaining time on ${named(wanted, nameOf)} after ${dayOf(at)}`,
  price: wanted.price,
  quantity: wanted.quantity,
});

const periodOf = (item: Stripe.SubscriptionItem) => ({
  start: item.current_period_start,
  end: item.current_period_end,
});

const partOf = (item: Stripe.SubscriptionItem, at: number) => ({
  currency: item.price.currency,
  period: { start: at, end: item.current_period_end },
  subscription: item.subscription,
  subscriptionItem: item.id,
  isProration: true,
  invoiceItem: null,
});

const named = ({ price, quantity = 1 }: { price: Stripe.Price; quantity?: number }, nameOf: Proration['nameOf']) =>
  quantity === 1 ? nameOf(price) : `${quantity} × ${nameOf(price)}`;

/** `23 Nov 2026`, as Stripe writes it on invoices. */
const dayOf = (at: number) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    at * 1000,
  );
