import type Stripe from 'stripe';
import { z } from 'zod';
import { flag, integer, params, text } from '../api/params.js';
import { invalid, noSuch, referenced, StripeFault } from '../api/stripe-error.js';
import { priceOnSale } from '../catalogue/price-type.js';
import { planChange } from '../subscriptions/change.js';
import type { Plan } from '../subscriptions/change.js';
import { unusedTime } from '../subscriptions/proration.js';
import { advanced, restarted } from '../subscriptions/renew.js';
import { billingCycleAnchor, itemParams, prorationBehavior } from '../subscriptions/subscription-params.js';
import { aSubscription, isEnding, isLive } from '../subscriptions/subscription.js';
import { changeFrom } from '../subscriptions/update.js';
import { idOf, newId } from '../world/ids.js';
import type { World } from '../world/world.js';
import { draftInvoice } from './issue.js';
import type { Bill } from './issue.js';
import { periodLines, productName } from './line.js';
import type { DraftLine } from './line.js';
import { pendingLines } from './pending-items.js';

const details = params({
  billing_cycle_anchor: billingCycleAnchor.optional(),
  cancel_at_period_end: flag.optional(),
  cancel_now: flag.optional(),
  items: z.array(itemParams).min(1).max(20).optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
});

export const previewParams = params({
  currency: z.enum(['usd']).optional(),
  customer: text.optional(),
  preview_mode: z.enum(['next', 'recurring']).optional(),
  subscription: text.optional(),
  subscription_details: details.optional(),
});
type PreviewInput = z.output<typeof previewParams>;

/** The invoice there would be; nothing is stored or told. Its id begins with `upcoming_`, and no request finds it again. */
export function previewInvoice(world: World, input: PreviewInput): Stripe.Invoice {
  const bill = input.subscription === undefined ? firstBill(world, input) : nextBill(world, input.subscription, input);
  const { lines, ...invoice } = draftInvoice(world, bill);
  const id = newId('upcoming_in_');
  const data = lines.data.map((line) => ({ ...line, invoice: id }));
  return {
    ...invoice,
    id,
    lines: { ...lines, data, url: `/v1/invoices/upcoming/lines?subscription=${input.subscription}` },
  };
}

/** What a new subscription would be billed first. */
function firstBill(world: World, { customer: id, subscription_details: wanted }: PreviewInput): Bill {
  if (id === undefined) throw invalid('customer', 'You must provide either a customer or a subscription.');
  const customer = referenced({ table: world.customers, id, noun: 'customer', param: 'customer' });
  const items = wanted?.items ?? [];
  if (items.length === 0) throw upcomingNone(customer.id);
  const lines = items.map(({ price, quantity }, index) => ({
    price: priceOnSale(world, price ?? '', `subscription_details[items][${index}][price]`),
    quantity: quantity ?? 1,
  }));
  const subscription = aSubscription({
    customer: customer.id,
    lines,
    paymentMethod: null,
    metadata: {},
    description: null,
    trial: null,
    now: world.now(),
  });
  return {
    customer: customer.id,
    subscription,
    reason: 'subscription_create',
    lines: periodLines(world, subscription),
  };
}

/** The next bill of a subscription: the one a change makes at once, else the renewal with all that waits for it. */
function nextBill(world: World, id: string, input: PreviewInput): Bill {
  const before = referenced({ table: world.subscriptions, id, noun: 'subscription', param: 'subscription' });
  if (!isLive(before)) throw noSuch('subscription', id, 'subscription');
  const customer = idOf(before.customer);
  const wanted = input.subscription_details ?? {};
  const waiting = pendingLines(world, customer, id);
  const asBill = (subscription: Stripe.Subscription, lines: DraftLine[], reason: Bill['reason']): Bill => ({
    customer,
    subscription,
    lines,
    reason,
  });
  if (wanted.cancel_now === true) {
    return asBill(before, [...waiting, ...creditsOf(world, before, wanted)], 'subscription_update');
  }
  const change = changeFrom(world, before, wanted, 'subscription_details[items]');
  const plan = change ? planChange(world, before, change) : unchanged(before);
  if (plan.invoiced && input.preview_mode !== 'recurring')
    return asBill(plan.next, plan.invoiced, 'subscription_update');
  if (wanted.cancel_at_period_end === true || isEnding(before)) {
    const last = [...waiting, ...plan.prorations];
    if (last.length === 0) throw upcomingNone(customer);
    return asBill(plan.next, last, 'subscription_cycle');
  }
  const renewed = nextPeriod(plan.next);
  const isRecurring = input.preview_mode === 'recurring';
  const extra = isRecurring ? [] : [...waiting, ...plan.prorations];
  return asBill(renewed, [...extra, ...periodLines(world, renewed)], 'subscription_cycle');
}

const unchanged = (next: Stripe.Subscription): Plan => ({ next, prorations: [], invoiced: null });

/** The period after the one that runs; a trial's is the first paid one. */
function nextPeriod(subscription: Stripe.Subscription): Stripe.Subscription {
  if (subscription.trial_end !== null && subscription.status === 'trialing') {
    return restarted(subscription, subscription.trial_end);
  }
  return advanced(subscription, Math.max(...subscription.items.data.map((item) => item.current_period_end)));
}

/** What an immediate end gives back, unless nothing is to be prorated. */
function creditsOf(
  world: World,
  { items, status }: Stripe.Subscription,
  { proration_behavior: behaviour, proration_date: at = world.now() }: z.output<typeof details>,
): DraftLine[] {
  if (behaviour === 'none' || status === 'trialing') return [];
  return items.data.map((item) => unusedTime({ item, at, nameOf: (price) => productName(world, price) }));
}

const upcomingNone = (customer: string) =>
  new StripeFault({
    status: 404,
    code: 'invoice_upcoming_none',
    message: `No upcoming invoices for customer: ${customer}`,
  });
