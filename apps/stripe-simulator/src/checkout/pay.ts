import type Stripe from 'stripe';
import { found, referenced } from '../api/stripe-error.js';
import { aCustomer } from '../customers/customer.js';
import { addCustomer } from '../customers/customer-routes.js';
import { aBankMethod, aCardMethod } from '../customers/payment-method.js';
import type { CardInput } from '../customers/payment-method.js';
import { attach } from '../customers/payment-method-routes.js';
import { findPromotion, redeem, reductionOf } from '../invoices/discount.js';
import { issueInvoice } from '../invoices/issue.js';
import { periodLines, trialLines } from '../invoices/line.js';
import { verdictOn } from '../payments/verdict.js';
import type { Verdict } from '../payments/verdict.js';
import { collect } from '../subscriptions/bill.js';
import { trialFrom } from '../subscriptions/create.js';
import { aSubscription } from '../subscriptions/subscription.js';
import { idOf, newId, newIdempotencyKey } from '../world/ids.js';
import type { World } from '../world/world.js';
import { detailsOf } from './session.js';

/** What is taken off the first invoice: a code typed by the customer, or the discount the session was made with. */
export interface Reduction {
  coupon: Stripe.Coupon;
  promotionCode: Stripe.PromotionCode | null;
  amount: number;
}
type ReductionResult = { ok: true; reduction: Reduction | null } | { ok: false; message: string };

export function reductionFor(world: World, session: Stripe.Checkout.Session, typedCode: string): ReductionResult {
  const subtotal = session.amount_subtotal ?? 0;
  const preset = session.discounts?.[0];
  if (preset) {
    const coupon = found(world.coupons, idOf(preset.coupon) ?? '', 'coupon');
    const promotionCode = world.promotionCodes.get(idOf(preset.promotion_code) ?? '') ?? null;
    return { ok: true, reduction: { coupon, promotionCode, amount: reductionOf(coupon, subtotal) } };
  }
  if (session.allow_promotion_codes !== true || typedCode.trim() === '') return { ok: true, reduction: null };
  const promotion = findPromotion(world, typedCode);
  if (!promotion.ok) return promotion;
  const { coupon, promotionCode } = promotion;
  return { ok: true, reduction: { coupon, promotionCode, amount: reductionOf(coupon, subtotal) } };
}

/** What the customer pays with; null where nothing is due and no method is asked for. */
export type PaymentSource = { card: CardInput } | { bankAccount: string } | null;

export interface Payment {
  session: Stripe.Checkout.Session;
  source: PaymentSource;
  email: string | null;
  reduction: Reduction | null;
  /** The customer has passed 3-D Secure. */
  hasAuthenticated: boolean;
}

/** What the bank says to it, before anything is made: a decline leaves no trace. */
export function verdictFor({ session, source, reduction, hasAuthenticated }: Omit<Payment, 'email'>): Verdict {
  if (source === null) return { kind: 'paid' };
  const isOwing = (session.amount_subtotal ?? 0) > (reduction?.amount ?? 0);
  const isBankDebit = 'bankAccount' in source;
  const number = isBankDebit ? source.bankAccount : source.card.number;
  const purpose = isOwing ? 'charge' : 'save';
  return verdictOn({ lastFour: number.slice(-4), isBankDebit, purpose, hasAuthenticated, isSetUp: false });
}

/**
 * A payment method was taken. Since basil the subscription comes into being only now, and is `active` or `trialing` from
 * the start. All events bear the same second:
 *
 * | event                                          | why                                                         |
 * |------------------------------------------------|-------------------------------------------------------------|
 * | customer.created                               | only if the session had no customer                         |
 * | payment_method.attached                        | it is kept for renewals                                     |
 * | customer.updated                               | the first charge fixes the customer's currency              |
 * | customer.discount.created                      | only with a discount                                        |
 * | checkout.session.completed                     | the page waits for its answer before it redirects           |
 * | customer.subscription.created                  | already names its first invoice                             |
 * | invoice.created, .finalized                    | draft, then open                                            |
 * | invoice.paid, .payment_succeeded               | two names for one thing; days later for a bank debit        |
 * | invoice_payment.paid                           | since basil: which payment paid which invoice               |
 *
 * Returns the checkout.session.completed event.
 */
export function completeSession(world: World, payment: Payment): Stripe.EventBase {
  // The hosted page's own call to the API: its events name a request the merchant never made.
  const cause = { id: newId('req_'), idempotencyKey: newIdempotencyKey() };
  return world.causedBy(cause, () => settle(world, payment));
}

function settle(world: World, payment: Payment): Stripe.EventBase {
  const { session, email, reduction, hasAuthenticated } = payment;
  const customer = payingCustomer(world, session, email);
  const method = saveMethod(world, customer, payment);
  world.update(world.customers, 'customer.updated', { ...customer, currency: session.currency });
  const subscription = subscribed(world, session, { customer: customer.id, paymentMethod: method?.id ?? null });
  const owner = { customer: customer.id, subscription: subscription.id, checkoutSession: session.id };
  const discounts = reduction ? [redeem(world, { ...reduction, ...owner })] : [];
  const lines = subscription.status === 'trialing' ? trialLines(world, subscription) : periodLines(world, subscription);
  const invoice = issueInvoice(world, {
    customer: customer.id,
    subscription,
    reason: 'subscription_create',
    lines,
    discounts,
  });
  const started = { ...subscription, latest_invoice: invoice.id };
  world.subscriptions.set(started.id, started);
  const payment_status = paymentStatus(payment, invoice);
  const made = { subscription: started.id, invoice: invoice.id, payment_status };
  const completed = complete(world, { session, reduction, customer, made });
  world.emit('customer.subscription.created', started);
  collect(world, invoice, hasAuthenticated ? { authentication: 'passed' } : undefined);
  return completed;
}

function paymentStatus({ source }: Payment, invoice: Stripe.Invoice): Stripe.Checkout.Session.PaymentStatus {
  if (invoice.amount_due === 0) return 'no_payment_required';
  return source !== null && 'bankAccount' in source ? 'unpaid' : 'paid';
}

function saveMethod(world: World, customer: Stripe.Customer, payment: Payment): Stripe.PaymentMethod | null {
  const { source, hasAuthenticated } = payment;
  if (source === null) return null;
  const input = { customer, created: world.now() };
  const method = attach(
    world,
    'bankAccount' in source
      ? aBankMethod({ ...input, number: source.bankAccount })
      : aCardMethod({ ...input, card: source.card }),
  );
  if (hasAuthenticated) world.authenticated.add(method.id);
  return method;
}

function subscribed(
  world: World,
  session: Stripe.Checkout.Session,
  owner: { customer: string; paymentMethod: string | null },
): Stripe.Subscription {
  const data = world.subscriptionData.get(session.id);
  const lines = (world.lineItems.get(session.id) ?? []).flatMap(({ price, quantity }) =>
    price ? [{ price, quantity: quantity ?? 1 }] : [],
  );
  const trial = trialFrom({ ...data?.trial, missingPaymentMethod: data?.missingPaymentMethod }, world.now());
  return aSubscription({
    ...owner,
    lines,
    trial,
    metadata: data?.metadata ?? {},
    description: data?.description ?? null,
    now: world.now(),
  });
}

interface Completion {
  session: Stripe.Checkout.Session;
  reduction: Reduction | null;
  customer: Stripe.Customer;
  made: Pick<Stripe.Checkout.Session, 'subscription' | 'invoice' | 'payment_status'>;
}

function complete(world: World, { session, reduction, customer, made }: Completion): Stripe.EventBase {
  const off = reduction?.amount ?? 0;
  const completed: Stripe.Checkout.Session = {
    ...session,
    ...made,
    amount_total: (session.amount_subtotal ?? 0) - off,
    customer: customer.id,
    customer_details: detailsOf(customer.email),
    discounts: reduction ? [{ coupon: reduction.coupon.id, promotion_code: reduction.promotionCode?.id ?? null }] : [],
    status: 'complete',
    total_details: { amount_discount: off, amount_shipping: 0, amount_tax: 0 },
    url: null,
  };
  world.checkoutSessions.set(completed.id, completed);
  // Unlike the others this event names no request.
  return world.emit('checkout.session.completed', completed, { cause: { id: null, idempotencyKey: null } });
}

function payingCustomer(world: World, session: Stripe.Checkout.Session, email: string | null): Stripe.Customer {
  const known = idOf(session.customer);
  if (known !== null) return referenced({ table: world.customers, id: known, noun: 'customer', param: 'customer' });
  return addCustomer(world, aCustomer({ created: world.now(), email: session.customer_email ?? email }));
}
