import type Stripe from 'stripe';
import { aPlan } from '../catalogue/price.js';
import { invalid, StripeFault } from '../api/stripe-error.js';
import { payingMethod, voidInvoice } from '../invoices/collect.js';
import { draftInvoice, issueInvoice } from '../invoices/issue.js';
import { periodLines, productName } from '../invoices/line.js';
import type { DraftLine } from '../invoices/line.js';
import { addPendingItem, pendingLines } from '../invoices/pending-items.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { verdictOnMethod } from '../invoices/method-verdict.js';
import { bill, collect } from './bill.js';
import { saveSubscription } from './lifecycle.js';
import { remainingTime, unusedTime } from './proration.js';
import { restarted } from './renew.js';
import { anItem, currentPeriodEnd } from './subscription.js';

export type ProrationBehavior = 'always_invoice' | 'create_prorations' | 'none';
export type PaymentBehavior =
  'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete' | 'pending_if_incomplete';

export interface ItemChange {
  /** Without one, a new item. */
  id?: string | undefined;
  price: Stripe.Price;
  quantity: number;
  isDeleted: boolean;
}

export interface Change {
  items: ItemChange[];
  proration: ProrationBehavior;
  /** From when on the new price counts; must lie in the current period. */
  prorationDate: number;
  /** A new period begins now, whatever the intervals are. */
  isNewCycle: boolean;
}

/** What a change comes to, before anything is done: the subscription as it will be, and what it is billed. */
export interface Plan {
  next: Stripe.Subscription;
  prorations: DraftLine[];
  /** The lines of the invoice that is made at once; null when all waits for the next one. */
  invoiced: DraftLine[] | null;
}

/**
 * Stripe docs, Prorations: within the same interval the rest of the period is credited at the old price and charged at
 * the new one; with another interval a new period begins now, and is billed at once. A trial owes nothing either way.
 */
export function planChange(world: World, before: Stripe.Subscription, change: Change): Plan {
  const items = changedItems(before, change.items, world.now());
  const next = { ...before, items: { ...before.items, data: items } };
  refuseMixedIntervals(items);
  if (before.status === 'trialing') return { next, prorations: [], invoiced: null };
  const isRestart = change.isNewCycle || hasNewInterval(before, items);
  const prorations = change.proration === 'none' ? [] : prorationsOf(world, before, { change, items, isRestart });
  const pending = pendingLines(world, idOf(before.customer), before.id);
  if (isRestart) {
    const begun = restarted(next, world.now());
    return { next: begun, prorations, invoiced: [...pending, ...prorations, ...periodLines(world, begun)] };
  }
  const isInvoiced = change.proration === 'always_invoice' && prorations.length > 0;
  return { next, prorations, invoiced: isInvoiced ? [...pending, ...prorations] : null };
}

function changedItems(
  { id, items }: Stripe.Subscription,
  changes: ItemChange[],
  now: number,
): Stripe.SubscriptionItem[] {
  const kept = items.data.flatMap((item) => {
    const change = changes.find((wanted) => wanted.id === item.id);
    if (change === undefined) return [item];
    const { price, quantity } = change;
    return change.isDeleted ? [] : [{ ...item, price, plan: aPlan(price), quantity }];
  });
  const [first] = items.data;
  const added = changes
    .filter((change) => change.id === undefined)
    .map(({ price, quantity }) => ({
      ...anItem({ subscription: id, price, quantity, start: now }),
      ...(first && { current_period_end: first.current_period_end }),
    }));
  return [...kept, ...added];
}

const intervalOf = ({ price: { recurring } }: Stripe.SubscriptionItem) =>
  `${recurring?.interval_count} ${recurring?.interval}`;

function refuseMixedIntervals(items: Stripe.SubscriptionItem[]): void {
  if (items.length === 0) throw invalid('items', 'Subscription must have at least one active plan.');
  if (new Set(items.map(intervalOf)).size < 2) return;
  throw invalid('items', 'Items with different intervals on one subscription are not modelled here.');
}

const hasNewInterval = (before: Stripe.Subscription, [item]: Stripe.SubscriptionItem[]) =>
  item !== undefined && before.items.data.every((old) => intervalOf(old) !== intervalOf(item));

interface Changed {
  change: Change;
  items: Stripe.SubscriptionItem[];
  isRestart: boolean;
}

/** When a new period begins, what is left of the old one is credited; else only what has changed is. */
function prorationsOf(world: World, before: Stripe.Subscription, { change, items, isRestart }: Changed): DraftLine[] {
  const at = change.prorationDate;
  const nameOf = (price: Stripe.Price) => productName(world, price);
  const isSame = (item: Stripe.SubscriptionItem, then: Stripe.SubscriptionItem | undefined) =>
    then?.price.id === item.price.id && then.quantity === item.quantity;
  const replaced = before.items.data.flatMap((item) => {
    const then = items.find(({ id }) => id === item.id);
    if (isRestart) return [unusedTime({ item, at, nameOf })];
    if (isSame(item, then)) return [];
    const credit = unusedTime({ item, at, nameOf });
    const wanted = then && { price: then.price, quantity: then.quantity ?? 1 };
    return wanted ? [credit, remainingTime({ item, at, nameOf }, wanted)] : [credit];
  });
  if (isRestart) return replaced;
  const known = new Set(before.items.data.map(({ id }) => id));
  const added = items
    .filter(({ id }) => !known.has(id))
    .map((item) => ({ item, whole: wholePeriod(before, item) }))
    .map(({ item, whole }) =>
      remainingTime({ item: whole, at, nameOf }, { price: item.price, quantity: item.quantity ?? 1 }),
    );
  return [...replaced, ...added];
}

/** A new item is charged its part of the period that the others are in. */
const wholePeriod = ({ items }: Stripe.Subscription, item: Stripe.SubscriptionItem): Stripe.SubscriptionItem => ({
  ...item,
  current_period_start: items.data[0]?.current_period_start ?? item.current_period_start,
});

/** Carries a plan out the way `payment_behavior` says. `base` is the subscription with everything else changed. */
export function applyChange(
  world: World,
  base: Stripe.Subscription,
  { plan, payment }: { plan: Plan; payment: PaymentBehavior },
): Stripe.Subscription {
  dropPendingUpdate(world, base);
  const next = { ...base, ...changedBy(plan), pending_update: null };
  const { invoiced: lines } = plan;
  if (lines === null) {
    for (const line of plan.prorations) addPendingItem(world, idOf(base.customer), line);
    return saveSubscription(world, next);
  }
  const input = { subscription: next, reason: 'subscription_update' as const, lines };
  const due = draftInvoice(world, { ...input, customer: idOf(base.customer) }).amount_due;
  const verdict = due === 0 ? 'paid' : verdictOnMethod(world, payingMethod(world, next)).kind;
  if (payment === 'error_if_incomplete' && verdict !== 'paid') throw paymentRefused();
  if (payment === 'pending_if_incomplete' && verdict !== 'paid') return waitForPayment(world, base, plan, lines);
  if (payment !== 'default_incomplete' || due === 0) return bill(world, input);
  return saveSubscription(world, { ...bill(world, input, 'leave_open'), status: 'past_due' });
}

const changedBy = ({ next }: Plan) => ({ items: next.items, billing_cycle_anchor: next.billing_cycle_anchor });

export const paymentRefused = () =>
  new StripeFault({
    status: 402,
    type: 'card_error',
    code: 'card_declined',
    message: 'Your card was declined.',
  });

const graceToPay = 23 * 3600;

/** Stripe docs, Pending updates: nothing changes until the invoice is paid, within 23 hours or the current period. */
function waitForPayment(world: World, base: Stripe.Subscription, plan: Plan, lines: DraftLine[]): Stripe.Subscription {
  const { next } = plan;
  const invoice = issueInvoice(world, {
    customer: idOf(base.customer),
    subscription: next,
    reason: 'subscription_update',
    lines,
  });
  world.awaitingPayment.set(base.id, { kind: 'update', next: changedBy(plan) });
  saveSubscription(world, {
    ...base,
    latest_invoice: invoice.id,
    pending_update: {
      billing_cycle_anchor: next.billing_cycle_anchor === base.billing_cycle_anchor ? null : next.billing_cycle_anchor,
      cancel_at_period_end: null,
      discount: null,
      discounts: null,
      expires_at: Math.min(world.now() + graceToPay, currentPeriodEnd(base)),
      metadata: null,
      subscription_items: next.items.data,
      trial_end: null,
      trial_from_plan: null,
    },
  });
  collect(world, invoice);
  return world.subscriptions.get(base.id) ?? base;
}

/** A new change takes the place of one that still waits for its payment. */
function dropPendingUpdate(world: World, { id, pending_update: pending, latest_invoice: latest }: Stripe.Subscription) {
  if (pending === null) return;
  world.awaitingPayment.delete(id);
  const invoice = world.invoices.get(idOf(latest) ?? '');
  if (invoice?.status === 'open') voidInvoice(world, invoice);
}
