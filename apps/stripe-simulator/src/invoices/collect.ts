import type Stripe from 'stripe';
import { lastFourOf } from '../customers/payment-method.js';
import { complainOf } from '../disputes/complain.js';
import { aCharge } from '../payments/charge.js';
import { presented } from '../payments/payment-intent.js';
import { hasFailedAuthentication, hasNoMethod, verdictOn } from '../payments/verdict.js';
import type { Verdict } from '../payments/verdict.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { releaseItems } from './pending-items.js';

export interface Attempt {
  /** Default: the subscription's method, else the customer's. */
  method?: string;
  /** What came of a 3-D Secure challenge, if the customer has just had one. */
  authentication?: 'passed' | 'failed';
}

/** Tries to take what an open invoice asks for, and says what came of it; the subscription is somebody else's care. */
export function attemptPayment(world: World, invoice: Stripe.Invoice, attempt: Attempt = {}): Verdict {
  if (invoice.amount_due === 0) return { kind: 'paid' };
  const method = world.paymentMethods.get(attempt.method ?? methodFor(world, invoice) ?? '');
  if (method === undefined) return hasNoMethod;
  if (attempt.authentication === 'failed') return present(world, { invoice, method, verdict: hasFailedAuthentication });
  const hasAuthenticated = attempt.authentication === 'passed';
  const verdict = verdictOn({
    ...lastFourOf(method),
    purpose: 'charge',
    hasAuthenticated,
    isSetUp: isSetUp(world, method),
  });
  if (hasAuthenticated && verdict.kind === 'paid') world.authenticated.add(method.id);
  return present(world, { invoice, method, verdict });
}

const isSetUp = (world: World, { id }: Stripe.PaymentMethod) => world.authenticated.has(id);

/** The method of the invoice's subscription, else the customer's. */
export function methodFor(world: World, { parent, customer }: Stripe.Invoice): string | null {
  const subscription = world.subscriptions.get(idOf(parent?.subscription_details?.subscription) ?? '');
  return subscription ? payingMethod(world, subscription) : defaultMethod(world, idOf(customer));
}

export const payingMethod = (world: World, subscription: Stripe.Subscription): string | null =>
  idOf(subscription.default_payment_method) ?? defaultMethod(world, idOf(subscription.customer));

const defaultMethod = (world: World, customer: string | null) =>
  idOf(world.customers.get(customer ?? '')?.invoice_settings.default_payment_method);

interface Presented {
  invoice: Stripe.Invoice;
  method: Stripe.PaymentMethod;
  verdict: Verdict;
}

function present(world: World, { invoice, method, verdict }: Presented): Verdict {
  const intent = intentOf(world, invoice);
  if (intent === undefined) return verdict;
  const charge = chargeFor(world, { intent, method, verdict });
  const next = presented(intent, { method: method.id, verdict, charge: charge?.id ?? null });
  world.paymentIntents.set(next.id, next);
  return verdict;
}

interface Charged {
  intent: Stripe.PaymentIntent;
  method: Stripe.PaymentMethod;
  verdict: Verdict;
}

/** An answer from the bank leaves a charge behind; a challenge or a debit on its way does not yet. */
export function chargeFor(world: World, { intent, method, verdict }: Charged): Stripe.Charge | null {
  if (verdict.kind !== 'paid' && verdict.kind !== 'declined') return null;
  const failure = verdict.kind === 'declined' ? { code: 'card_declined', message: verdict.message } : null;
  const charge = aCharge({ intent, method, created: world.now(), failure });
  world.charges.set(charge.id, charge);
  return charge;
}

/** A bank debit that was on its way has come to its end. */
export function settleDebit(world: World, invoice: Stripe.Invoice, willSucceed: boolean): Verdict {
  const verdict: Verdict = willSucceed
    ? { kind: 'paid' }
    : { kind: 'declined', declineCode: 'insufficient_funds', message: 'The bank account has insufficient funds.' };
  const method = world.paymentMethods.get(idOf(intentOf(world, invoice)?.payment_method) ?? '');
  return method ? present(world, { invoice, method, verdict }) : verdict;
}

export const paymentOf = (world: World, invoice: Stripe.Invoice) =>
  world.invoicePayments.get(world.paymentByInvoice.get(invoice.id) ?? '');

export const intentOf = (world: World, invoice: Stripe.Invoice) =>
  world.paymentIntents.get(idOf(paymentOf(world, invoice)?.payment.payment_intent) ?? '');

/** A bank debit counts as an attempt when it is sent off, not again when it comes to its end. */
const attemptsOf = (invoice: Stripe.Invoice, isDebit: boolean) =>
  invoice.attempt_count + (invoice.amount_due > 0 && !isDebit ? 1 : 0);

/** invoice.paid, .payment_succeeded, and with money that moved invoice_payment.paid. */
export function markPaid(world: World, invoice: Stripe.Invoice, isDebit = false): Stripe.Invoice {
  const now = world.now();
  const paid: Stripe.Invoice = {
    ...invoice,
    status: 'paid',
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: attemptsOf(invoice, isDebit),
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  };
  world.storeInvoice(paid);
  world.emit('invoice.paid', paid);
  world.emit('invoice.payment_succeeded', paid);
  const payment = paymentOf(world, paid);
  if (payment?.status !== 'open') return paid;
  const settled: Stripe.InvoicePayment = {
    ...payment,
    status: 'paid',
    amount_paid: paid.amount_paid,
    status_transitions: { canceled_at: null, paid_at: now },
  };
  world.invoicePayments.set(settled.id, settled);
  world.emit('invoice_payment.paid', settled);
  complainOfPayment(world, paid);
  return paid;
}

function complainOfPayment(world: World, invoice: Stripe.Invoice): void {
  const intent = intentOf(world, invoice);
  const charge = world.charges.get(idOf(intent?.latest_charge) ?? '');
  const method = world.paymentMethods.get(idOf(intent?.payment_method) ?? '');
  if (charge !== undefined && method !== undefined) complainOf(world, charge, method);
}

interface Failure {
  verdict: Verdict;
  nextAttempt: number | null;
  isDebit?: boolean;
}

/** invoice.payment_failed, and .payment_action_required where 3-D Secure is what is missing; then what has changed. */
export function markFailed(world: World, invoice: Stripe.Invoice, failure: Failure): Stripe.Invoice {
  const { verdict, nextAttempt, isDebit = false } = failure;
  const failed: Stripe.Invoice = {
    ...invoice,
    attempt_count: attemptsOf(invoice, isDebit),
    attempted: true,
    next_payment_attempt: nextAttempt,
  };
  world.storeInvoice(failed);
  if (verdict.kind === 'action_required') world.emit('invoice.payment_action_required', failed);
  world.emit('invoice.payment_failed', failed);
  world.emitUpdate('invoice.updated', invoice, failed);
  return failed;
}

/** The debit is on its way: the invoice stays open until the bank answers. */
export function markProcessing(world: World, invoice: Stripe.Invoice): Stripe.Invoice {
  const waiting = {
    ...invoice,
    attempted: true,
    attempt_count: attemptsOf(invoice, false),
    next_payment_attempt: null,
  };
  world.storeInvoice(waiting);
  return waiting;
}

export function voidInvoice(world: World, invoice: Stripe.Invoice): Stripe.Invoice {
  const now = world.now();
  const voided: Stripe.Invoice = {
    ...invoice,
    status: 'void',
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, voided_at: now },
  };
  const payment = paymentOf(world, invoice);
  if (payment?.status === 'open') {
    const canceled = { canceled_at: now, paid_at: null };
    world.invoicePayments.set(payment.id, { ...payment, status: 'canceled', status_transitions: canceled });
  }
  const intent = intentOf(world, invoice);
  if (intent) world.paymentIntents.set(intent.id, { ...intent, status: 'canceled', canceled_at: now });
  releaseItems(world, invoice.id);
  world.storeInvoice(voided);
  world.emit('invoice.voided', voided);
  return voided;
}

export function markUncollectible(world: World, invoice: Stripe.Invoice): Stripe.Invoice {
  const marked: Stripe.Invoice = {
    ...invoice,
    status: 'uncollectible',
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: world.now() },
  };
  world.storeInvoice(marked);
  world.emit('invoice.marked_uncollectible', marked);
  return marked;
}
