import type Stripe from 'stripe';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { nextAttempt } from './dunning.js';
import { cancelNow, saveSubscription } from './lifecycle.js';
import { pauseFor } from './pause.js';
import { isLive } from './subscription.js';

/** What stands once its invoice is paid: an upgrade that had to be paid first, or the end of a pause. */
export interface AwaitingPayment {
  kind: 'update' | 'resumption';
  next: Pick<Stripe.Subscription, 'items' | 'billing_cycle_anchor'>;
}

/** The subscription an invoice bills, unless it has ended. */
function billed(world: World, invoice: Stripe.Invoice): Stripe.Subscription | undefined {
  const subscription = world.subscriptions.get(idOf(invoice.parent?.subscription_details?.subscription) ?? '');
  return subscription && isLive(subscription) ? subscription : undefined;
}

/** The newest invoice decides about a subscription's standing; paying an older one changes nothing. */
export function afterPayment(world: World, invoice: Stripe.Invoice): void {
  const subscription = billed(world, invoice);
  if (subscription?.latest_invoice !== invoice.id) return;
  const awaited = world.awaitingPayment.get(subscription.id);
  if (awaited) return carryOut(world, subscription, awaited);
  if (['incomplete', 'past_due', 'unpaid'].includes(subscription.status)) {
    saveSubscription(world, { ...subscription, status: 'active' });
  }
}

/** A first payment by bank debit lets the subscription begin before the bank has answered. */
export function afterProcessing(world: World, invoice: Stripe.Invoice): void {
  const subscription = billed(world, invoice);
  if (subscription?.status === 'incomplete') saveSubscription(world, { ...subscription, status: 'active' });
}

/** When to try again; never for a first invoice, nor for one that something waits for. */
export function retryTime(world: World, invoice: Stripe.Invoice, isDebit: boolean): number | null {
  const subscription = billed(world, invoice);
  if (!subscription || subscription.status === 'incomplete' || world.awaitingPayment.has(subscription.id)) return null;
  const attempts = invoice.attempt_count + (isDebit ? 0 : 1);
  return nextAttempt(world.settings.dunning, attempts, world.now());
}

export function afterFailure(world: World, invoice: Stripe.Invoice): void {
  const subscription = billed(world, invoice);
  if (!subscription || subscription.status === 'incomplete' || world.awaitingPayment.has(subscription.id)) return;
  if (invoice.next_payment_attempt === null) return giveUp(world, subscription);
  if (subscription.status === 'unpaid') return;
  saveSubscription(world, { ...subscription, status: 'past_due' });
}

/** No attempt is left: what becomes of the subscription is a setting of the account. */
function giveUp(world: World, subscription: Stripe.Subscription): void {
  const choice = world.settings.dunning.when_exhausted;
  switch (choice) {
    case 'cancel':
      return void cancelNow(world, subscription, { reason: 'payment_failed' });
    case 'pause':
      return void pauseFor(world, subscription, 'final_payment_failure');
    case 'unpaid':
    case 'past_due':
      return void saveSubscription(world, { ...subscription, status: choice });
    default:
      return choice satisfies never;
  }
}

/** The payment that an upgrade or a resumption was waiting for has come. */
function carryOut(world: World, before: Stripe.Subscription, { kind, next }: AwaitingPayment): void {
  world.awaitingPayment.delete(before.id);
  if (kind === 'update') {
    const applied = saveSubscription(world, { ...before, ...next, pending_update: null });
    world.emit('customer.subscription.pending_update_applied', applied);
    return;
  }
  const { status_details: _paused, ...resumed }: Stripe.Subscription = { ...before, ...next, status: 'active' };
  world.emit('customer.subscription.resumed', saveSubscription(world, resumed));
}
