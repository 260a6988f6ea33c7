import type Stripe from 'stripe';
import { invalid, StripeFault } from '../api/stripe-error.js';
import { payingMethod } from '../invoices/collect.js';
import { issueInvoice } from '../invoices/issue.js';
import { periodLines, trialLines } from '../invoices/line.js';
import { verdictOnMethod } from '../invoices/method-verdict.js';
import type { World } from '../world/world.js';
import { collect } from './bill.js';
import { paymentRefused } from './change.js';
import { aSubscription } from './subscription.js';
import type { Trial } from './subscription.js';
import type { Wanted } from './proration.js';

export interface NewSubscription {
  customer: string;
  lines: Wanted[];
  paymentMethod: string | null;
  metadata: Stripe.Metadata;
  description: string | null;
  trial: Trial | null;
  paymentBehavior: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';
}

/**
 * A subscription made by the API, not by Checkout: it begins `incomplete` and becomes active once its first invoice is
 * paid, which is tried at once unless `default_incomplete` leaves that to the caller. A trial begins without payment.
 */
export function createSubscription(world: World, input: NewSubscription): Stripe.Subscription {
  const made = aSubscription({ ...input, now: world.now() });
  const amount = periodLines(world, made).reduce((sum, line) => sum + line.amount, 0);
  const isOwing = input.trial === null && amount > 0;
  if (isOwing) refuseUnpayable(world, made, input.paymentBehavior);
  const subscription: Stripe.Subscription = { ...made, status: isOwing ? 'incomplete' : made.status };
  const lines = input.trial ? trialLines(world, subscription) : periodLines(world, subscription);
  const { customer } = input;
  const invoice = issueInvoice(world, { customer, subscription, reason: 'subscription_create', lines });
  const started = { ...subscription, latest_invoice: invoice.id };
  world.subscriptions.set(started.id, started);
  world.emit('customer.subscription.created', started);
  collect(world, invoice, input.paymentBehavior === 'default_incomplete' ? 'leave_open' : undefined);
  return world.subscriptions.get(started.id) ?? started;
}

function refuseUnpayable(world: World, made: Stripe.Subscription, behaviour: NewSubscription['paymentBehavior']): void {
  if (behaviour === 'default_incomplete') return;
  const method = payingMethod(world, made);
  if (method === null) {
    throw new StripeFault({
      status: 400,
      code: 'resource_missing',
      message:
        'This customer has no attached payment source or default payment method. Please consider adding a default payment method.',
    });
  }
  if (behaviour === 'error_if_incomplete' && verdictOnMethod(world, method).kind !== 'paid') throw paymentRefused();
}

interface TrialInput {
  days?: number | undefined;
  end?: number | 'now' | undefined;
  missingPaymentMethod?: Trial['missingPaymentMethod'] | undefined;
}

const day = 24 * 3600;

/** How long a trial lasts, from either way to say it; Stripe refuses both at once. */
export function trialFrom(input: TrialInput, now: number, prefix = ''): Trial | null {
  const name = (key: string) => (prefix === '' ? key : `${prefix}[${key}]`);
  const { days, end, missingPaymentMethod = 'create_invoice' } = input;
  if (days !== undefined && end !== undefined) {
    throw invalid(
      name('trial_period_days'),
      'You may only specify one of these parameters: trial_period_days, trial_end.',
    );
  }
  if (typeof end === 'number') {
    if (end <= now) throw invalid(name('trial_end'), 'Trial end must be in the future.');
    return { end, missingPaymentMethod };
  }
  if (days === undefined || days === 0) return null;
  if (days < 0 || days > 730) throw invalid(name('trial_period_days'), 'Must be between 1 and 730.');
  return { end: now + days * day, missingPaymentMethod };
}
