import type Stripe from 'stripe';
import { found, invalid, StripeFault } from '../api/stripe-error.js';
import { lastFourOf } from '../customers/payment-method.js';
import { testMethod } from '../customers/payment-method-routes.js';
import { complainOf } from '../disputes/complain.js';
import { chargeFor } from '../invoices/collect.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { aPaymentIntent, presented } from './payment-intent.js';
import { verdictOn } from './verdict.js';
import type { Verdict } from './verdict.js';

interface OwnPayment {
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  metadata: Stripe.Metadata;
  shipping: Stripe.PaymentIntent.Shipping | null;
}

/** A payment of no invoice: nothing is charged before it is confirmed. */
export function openPayment(world: World, input: OwnPayment): Stripe.PaymentIntent {
  const { amount, currency, customer, ...rest } = input;
  return tell(world, 'payment_intent.created', {
    ...aPaymentIntent({ amount, currency, customer, created: world.now() }),
    ...rest,
    setup_future_usage: null,
  });
}

/** What the path names, if it can still be confirmed or canceled. */
export function unfinishedPayment(world: World, id: string, verb: 'confirm' | 'cancel'): Stripe.PaymentIntent {
  const intent = found(world.paymentIntents, id, 'payment_intent');
  if (intent.status === 'requires_payment_method' || intent.status === 'requires_action') return intent;
  throw invalid('', `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`);
}

/** Charges it; a card that declines is answered 402, with the attempt kept. `wanted` may be one of Stripe's test methods. */
export function confirmPayment(world: World, intent: Stripe.PaymentIntent, wanted: string): Stripe.PaymentIntent {
  const customer = world.customers.get(idOf(intent.customer) ?? '') ?? null;
  const method = world.paymentMethods.get(wanted) ?? testMethod(world, wanted, customer);
  const purpose = { purpose: 'charge', hasAuthenticated: false, isSetUp: world.authenticated.has(method.id) } as const;
  const verdict = verdictOn({ ...lastFourOf(method), ...purpose });
  const charge = chargeFor(world, { intent, method, verdict });
  if (charge !== null) world.emit(charge.status === 'succeeded' ? 'charge.succeeded' : 'charge.failed', charge);
  const next = presented(intent, { method: method.id, verdict, charge: charge?.id ?? null });
  tell(world, eventOf(verdict), next);
  if (charge !== null) complainOf(world, charge, method);
  if (verdict.kind !== 'declined') return next;
  throw new StripeFault({ status: 402, type: 'card_error', code: 'card_declined', message: verdict.message });
}

export function cancelPayment(
  world: World,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  const end = { status: 'canceled' as const, canceled_at: world.now(), cancellation_reason: reason };
  return tell(world, 'payment_intent.canceled', { ...intent, ...end });
}

function eventOf({ kind }: Verdict): Stripe.Event.Type {
  switch (kind) {
    case 'paid':
      return 'payment_intent.succeeded';
    case 'processing':
      return 'payment_intent.processing';
    case 'action_required':
      return 'payment_intent.requires_action';
    case 'declined':
      return 'payment_intent.payment_failed';
    default:
      return kind satisfies never;
  }
}

function tell(world: World, type: Stripe.Event.Type, intent: Stripe.PaymentIntent): Stripe.PaymentIntent {
  world.paymentIntents.set(intent.id, intent);
  world.emit(type, intent);
  return intent;
}
