import type Stripe from 'stripe';
import { debitSeconds } from '../customers/bank-account.js';
import {
  attemptPayment,
  markFailed,
  markPaid,
  markProcessing,
  markUncollectible,
  voidInvoice,
} from '../invoices/collect.js';
import type { Attempt } from '../invoices/collect.js';
import { announceInvoice, issueInvoice } from '../invoices/issue.js';
import type { Bill } from '../invoices/issue.js';
import type { Verdict } from '../payments/verdict.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { saveSubscription } from './lifecycle.js';
import { afterFailure, afterPayment, afterProcessing, retryTime } from './standing.js';

/** `leave_open`: the invoice is finalised, and whoever asked for it sees to the payment. */
type Collection = Attempt | 'leave_open';

type SubscriptionBill = Omit<Bill, 'customer' | 'subscription'> & { subscription: Stripe.Subscription };

/**
 * The events of a bill: subscription.updated, then the invoice's. Stripe leaves a renewal's invoice a draft for about an
 * hour so that lines can be added; here it is finalised and tried in the same second.
 */
export function bill(world: World, input: SubscriptionBill, attempt?: Collection): Stripe.Subscription {
  const { subscription } = input;
  const invoice = issueInvoice(world, { ...input, customer: idOf(subscription.customer) });
  saveSubscription(world, { ...subscription, latest_invoice: invoice.id });
  collect(world, invoice, attempt);
  return world.subscriptions.get(subscription.id) ?? subscription;
}

/** Announces a draft and tries to have it paid, unless collection is paused or was given up. */
export function collect(world: World, draft: Stripe.Invoice, attempt?: Collection): void {
  const subscription = world.subscriptions.get(idOf(draft.parent?.subscription_details?.subscription) ?? '');
  const paused = subscription?.pause_collection?.behavior;
  if (paused === 'keep_as_draft' || subscription?.status === 'unpaid') {
    const kept = { ...draft, auto_advance: false };
    world.storeInvoice(kept);
    world.emit('invoice.created', kept);
    return;
  }
  const open = announceInvoice(world, draft);
  if (paused === 'void') voidInvoice(world, open);
  else if (paused === 'mark_uncollectible') markUncollectible(world, open);
  else if (attempt !== 'leave_open') payInvoice(world, open, attempt);
  else if (open.amount_due === 0) payInvoice(world, open);
}

/** Tries to have an open invoice paid, with what follows for its subscription. */
export function payInvoice(world: World, invoice: Stripe.Invoice, attempt?: Attempt): Verdict {
  const verdict = attemptPayment(world, invoice, attempt);
  applyVerdict(world, invoice, { verdict });
  return verdict;
}

interface Outcome {
  verdict: Verdict;
  /** It is what became of a bank debit sent off earlier. */
  isDebit?: boolean;
}

export function applyVerdict(world: World, invoice: Stripe.Invoice, { verdict, isDebit = false }: Outcome): void {
  world.debits.delete(invoice.id);
  switch (verdict.kind) {
    case 'paid':
      return afterPayment(world, markPaid(world, invoice, isDebit));
    case 'processing':
      world.debits.set(invoice.id, { settlesAt: world.now() + debitSeconds, willSucceed: verdict.willSucceed });
      return afterProcessing(world, markProcessing(world, invoice));
    case 'action_required':
    case 'declined': {
      const nextAttempt = retryTime(world, invoice, isDebit);
      return afterFailure(world, markFailed(world, invoice, { verdict, nextAttempt, isDebit }));
    }
    default:
      return verdict satisfies never;
  }
}
