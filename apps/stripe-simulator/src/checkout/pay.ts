import type Stripe from 'stripe';
import { found, referenced } from '../api/stripe-error.js';
import { aCustomer } from '../customers/customer.js';
import { addCustomer } from '../customers/customer-routes.js';
import type { CardInput } from '../customers/payment-method.js';
import { attachCard } from '../customers/payment-method-routes.js';
import { findPromotion, redeem, reductionOf } from '../invoices/discount.js';
import { issueInvoice, payInvoice } from '../invoices/issue.js';
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

interface Payment {
  session: Stripe.Checkout.Session;
  card: CardInput;
  email: string | null;
  reduction: Reduction | null;
}

/**
 * A card has paid. Since basil the subscription comes into being only now, and is `active` from the start. All events
 * bear the same second:
 *
 * | event                                          | why                                                         |
 * |------------------------------------------------|-------------------------------------------------------------|
 * | customer.created                               | only if the session had no customer                         |
 * | payment_method.attached                        | the card is kept for renewals                               |
 * | customer.updated                               | the first charge fixes the customer's currency              |
 * | customer.discount.created                      | only with a discount                                        |
 * | checkout.session.completed                     | the page waits for its answer before it redirects           |
 * | customer.subscription.created                  | already names its first invoice                             |
 * | invoice.created, .finalized                    | draft, then open                                            |
 * | invoice.paid, .payment_succeeded               | two names for one thing                                     |
 * | invoice_payment.paid                           | since basil: which payment paid which invoice               |
 *
 * Returns the checkout.session.completed event.
 */
export function completeSession(world: World, payment: Payment): Stripe.EventBase {
  // The hosted page's own call to the API: its events name a request the merchant never made.
  const cause = { id: newId('req_'), idempotencyKey: newIdempotencyKey() };
  return world.causedBy(cause, () => settle(world, payment));
}

function settle(world: World, { session, card, email, reduction }: Payment): Stripe.EventBase {
  const customer = payingCustomer(world, session, email);
  const method = attachCard(world, customer, card);
  world.update(world.customers, 'customer.updated', { ...customer, currency: session.currency });
  const subscription = aSubscription({
    customer: customer.id,
    lines: (world.lineItems.get(session.id) ?? []).flatMap(({ price, quantity }) =>
      price ? [{ price, quantity: quantity ?? 1 }] : [],
    ),
    paymentMethod: method.id,
    ...(world.subscriptionData.get(session.id) ?? { metadata: {}, description: null }),
    now: world.now(),
  });
  const owner = { customer: customer.id, subscription: subscription.id, checkoutSession: session.id };
  const discounts = reduction ? [redeem(world, { ...reduction, ...owner })] : [];
  const invoice = issueInvoice(world, { subscription, reason: 'subscription_create', discounts });
  const started = { ...subscription, latest_invoice: invoice.id };
  world.subscriptions.set(started.id, started);
  const completed = complete(world, { session, reduction, customer, subscription: started.id, invoice: invoice.id });
  world.emit('customer.subscription.created', started);
  payInvoice(world, invoice);
  return completed;
}

interface Completion {
  session: Stripe.Checkout.Session;
  reduction: Reduction | null;
  customer: Stripe.Customer;
  subscription: string;
  invoice: string;
}

function complete(world: World, { session, reduction, customer, ...made }: Completion): Stripe.EventBase {
  const off = reduction?.amount ?? 0;
  const completed: Stripe.Checkout.Session = {
    ...session,
    ...made,
    amount_total: (session.amount_subtotal ?? 0) - off,
    customer: customer.id,
    customer_details: detailsOf(customer.email),
    discounts: reduction ? [{ coupon: reduction.coupon.id, promotion_code: reduction.promotionCode?.id ?? null }] : [],
    payment_status: 'paid',
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
