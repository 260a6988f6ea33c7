import type Stripe from 'stripe';
import { z } from 'zod';
import { integer, params } from '../api/params.js';
import { invalid } from '../api/stripe-error.js';
import { payingMethod } from '../invoices/collect.js';
import { draftInvoice, issueInvoice } from '../invoices/issue.js';
import { periodLines, productName } from '../invoices/line.js';
import type { DraftLine } from '../invoices/line.js';
import { verdictOnMethod } from '../invoices/method-verdict.js';
import { addPendingItem, pendingLines } from '../invoices/pending-items.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { bill, collect } from './bill.js';
import { saveSubscription } from './lifecycle.js';
import { pauseFor } from './pause.js';
import { remainingTime, unusedTime } from './proration.js';
import { advanced, restarted } from './renew.js';
import { billingCycleAnchor, prorationBehavior } from './subscription-params.js';
import { currentPeriodEnd } from './subscription.js';

export const pauseParams = params({
  bill_for: params({
    outstanding_usage_through: params({ type: z.enum(['none', 'now']) }).optional(),
    unused_time_from: params({ type: z.enum(['item_current_period_start', 'none', 'now']) }).optional(),
  }).optional(),
  invoicing_behavior: z.enum(['invoice', 'pending_invoice_item']).optional(),
  type: z.enum(['subscription']).optional(),
});

/** Endive's pause: what is left of the period is credited, by default on the invoice that resumes it. */
export function pauseSubscription(
  world: World,
  subscription: Stripe.Subscription,
  input: z.output<typeof pauseParams>,
): Stripe.Subscription {
  refuseUnpausable(subscription);
  const credits = creditsFor(world, subscription, input.bill_for?.unused_time_from?.type ?? 'now');
  if (input.invoicing_behavior === 'invoice' && credits.length > 0) {
    const waiting = pendingLines(world, idOf(subscription.customer), subscription.id);
    bill(world, { subscription, reason: 'subscription_update', lines: [...waiting, ...credits] });
  } else {
    for (const credit of credits) addPendingItem(world, idOf(subscription.customer), credit);
  }
  return pauseFor(world, world.subscriptions.get(subscription.id) ?? subscription, 'pause_requested');
}

function refuseUnpausable({ status, schedule, pending_update: pending }: Stripe.Subscription): void {
  if (schedule !== null) throw invalid('', 'Subscriptions with an attached schedule cannot be paused.');
  if (pending !== null) throw invalid('', 'Subscriptions with a pending update cannot be paused.');
  if (['active', 'past_due', 'trialing'].includes(status)) return;
  throw invalid('', `Subscriptions in the \`${status}\` status cannot be paused.`);
}

type UnusedFrom = 'item_current_period_start' | 'none' | 'now';

function creditsFor(world: World, { items, status }: Stripe.Subscription, from: UnusedFrom): DraftLine[] {
  if (from === 'none' || status === 'trialing') return [];
  return items.data.map((item) =>
    unusedTime({
      item,
      at: from === 'now' ? world.now() : item.current_period_start,
      nameOf: (price) => productName(world, price),
    }),
  );
}

export const resumeParams = params({
  billing_cycle_anchor: billingCycleAnchor.optional(),
  payment_behavior: z.enum(['resume_on_payment_attempt', 'resume_on_payment_success']).optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
});
type ResumeInput = z.output<typeof resumeParams>;

/**
 * Stripe docs, Resume a subscription: with the anchor `now` a new period begins and is billed; `unchanged` keeps the old
 * cycle, and the rest of the period is charged. Without an invoice it is active at once.
 */
export function resumeSubscription(world: World, paused: Stripe.Subscription, input: ResumeInput): Stripe.Subscription {
  if (paused.status !== 'paused') throw invalid('', 'Only a paused subscription can be resumed.');
  if (world.awaitingPayment.has(paused.id)) throw invalid('', 'The invoice of an earlier resumption is still open.');
  const { next, lines } = comeBack(world, paused, input);
  if (lines.length === 0) return resumed(world, next);
  const due = draftInvoice(world, {
    customer: idOf(paused.customer),
    subscription: next,
    reason: 'subscription_update',
    lines,
  }).amount_due;
  const willBePaid = due === 0 || verdictOnMethod(world, payingMethod(world, paused)).kind === 'paid';
  if (input.payment_behavior === 'resume_on_payment_success' && !willBePaid)
    return wait(world, paused, { next, lines });
  const back = resumed(world, next);
  return bill(world, { subscription: back, reason: 'subscription_update', lines });
}

interface Return {
  next: Stripe.Subscription;
  /** What is billed at once. */
  lines: DraftLine[];
}

function comeBack(world: World, paused: Stripe.Subscription, input: ResumeInput): Return {
  const now = world.now();
  const waiting = pendingLines(world, idOf(paused.customer), paused.id);
  if (input.billing_cycle_anchor?.type !== 'unchanged') {
    const next = restarted(paused, now);
    return { next, lines: [...waiting, ...periodLines(world, next)] };
  }
  const next = caughtUp(paused, now);
  if (input.proration_behavior === 'none') return { next, lines: [] };
  const nameOf = (price: Stripe.Price) => productName(world, price);
  const charges = next.items.data.map((item) =>
    remainingTime(
      { item, at: input.proration_date ?? now, nameOf },
      { price: item.price, quantity: item.quantity ?? 1 },
    ),
  );
  if (input.proration_behavior === 'always_invoice') return { next, lines: [...waiting, ...charges] };
  for (const charge of charges) addPendingItem(world, idOf(paused.customer), charge);
  return { next, lines: [] };
}

/** In the period of the old cycle that `now` lies in. */
function caughtUp(subscription: Stripe.Subscription, now: number): Stripe.Subscription {
  return currentPeriodEnd(subscription) > now ? subscription : caughtUp(advanced(subscription, now), now);
}

function resumed(world: World, next: Stripe.Subscription): Stripe.Subscription {
  const { status_details: _paused, ...rest } = next;
  const active = saveSubscription(world, { ...rest, status: 'active' });
  world.emit('customer.subscription.resumed', active);
  return active;
}

/** It stays paused until the invoice is paid; after 23 hours that is voided. */
function wait(world: World, paused: Stripe.Subscription, { next, lines }: Return): Stripe.Subscription {
  const customer = idOf(paused.customer);
  const invoice = issueInvoice(world, { customer, subscription: next, reason: 'subscription_update', lines });
  const { items, billing_cycle_anchor } = next;
  world.awaitingPayment.set(paused.id, { kind: 'resumption', next: { items, billing_cycle_anchor } });
  saveSubscription(world, { ...paused, latest_invoice: invoice.id });
  collect(world, invoice);
  return world.subscriptions.get(paused.id) ?? paused;
}
