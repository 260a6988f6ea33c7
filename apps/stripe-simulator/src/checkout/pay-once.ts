import type Stripe from 'stripe';
import { confirmPayment, openPayment, unfinishedPayment } from '../payments/own-payment.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { detailsOf } from './session.js';

/** What the payment of a session in payment mode will be made with. */
export interface PaymentData {
  description: string | null;
  metadata: Stripe.Metadata;
  shipping: Stripe.PaymentIntent.Shipping | null;
}

/**
 * Pays a session in payment mode. Its payment intent comes into being now, and is tried again after a decline (402), which
 * leaves the session open as a card does that asks for 3-D Secure:
 *
 * | event                      | why                                             |
 * |----------------------------|-------------------------------------------------|
 * | payment_intent.created     | the first time only                             |
 * | charge.succeeded           | no subscription and no invoice come with it     |
 * | payment_intent.succeeded   |                                                 |
 * | checkout.session.completed | of no customer, if the session was made without |
 */
export function payOnce(world: World, session: Stripe.Checkout.Session, method: string): Stripe.Checkout.Session {
  const intent = intentFor(world, session);
  const tried: Stripe.Checkout.Session = { ...session, payment_intent: intent.id };
  world.checkoutSessions.set(tried.id, tried);
  const { status } = confirmPayment(world, intent, method);
  return status === 'succeeded' ? complete(world, tried, world.paymentMethods.get(method)) : tried;
}

function intentFor(world: World, session: Stripe.Checkout.Session): Stripe.PaymentIntent {
  const known = idOf(session.payment_intent);
  if (known !== null) return unfinishedPayment(world, known, 'confirm');
  return openPayment(world, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? 'usd',
    customer: idOf(session.customer),
    ...(world.paymentData.get(session.id) ?? { description: null, metadata: {}, shipping: null }),
  });
}

function complete(
  world: World,
  session: Stripe.Checkout.Session,
  method: Stripe.PaymentMethod | undefined,
): Stripe.Checkout.Session {
  const completed: Stripe.Checkout.Session = {
    ...session,
    customer_details: session.customer_details ?? detailsOf(method?.billing_details.email ?? null),
    payment_status: 'paid',
    status: 'complete',
    url: null,
  };
  world.checkoutSessions.set(completed.id, completed);
  // Unlike the others this event names no request.
  world.emit('checkout.session.completed', completed, { cause: { id: null, idempotencyKey: null } });
  return completed;
}
