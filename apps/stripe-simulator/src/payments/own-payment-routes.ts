import type Stripe from 'stripe';
import { z } from 'zod';
import { flag, integer, mergeMetadata, metadata, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, referenced, StripeFault } from '../api/stripe-error.js';
import { lastFourOf } from '../customers/payment-method.js';
import { testMethod } from '../customers/payment-method-routes.js';
import { chargeFor } from '../invoices/collect.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { aPaymentIntent, presented } from './payment-intent.js';
import { verdictOn } from './verdict.js';
import type { Verdict } from './verdict.js';

const createParams = params({
  amount: integer.refine((amount) => amount >= 50, { error: 'Amount must be at least $0.50 usd' }),
  confirm: flag.optional(),
  currency: z.enum(['usd']),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  // Endive refuses it, but Stripe's own CLI (1.52.0) still sends it with its triggers.
  payment_method_types: z.array(z.enum(['card'])).optional(),
});
type CreateInput = z.output<typeof createParams>;

/** Payments of no invoice, as Stripe's own CLI makes for its triggers. */
export const ownPaymentRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/payment_intents',
    params: createParams,
    handle: ({ world, input }) => create(world, input),
  }),
  route({
    method: 'POST',
    path: '/v1/payment_intents/:id/confirm',
    params: params({ payment_method: text.optional() }),
    handle: ({ world, id, input }) => confirm(world, open(world, id, 'confirm'), input.payment_method),
  }),
  route({
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    params: params({
      cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
    }),
    handle: ({ world, id, input }) => {
      const { cancellation_reason = null } = input;
      const end = { status: 'canceled' as const, canceled_at: world.now(), cancellation_reason };
      return tell(world, 'payment_intent.canceled', { ...open(world, id, 'cancel'), ...end });
    },
  }),
];

function create(world: World, input: CreateInput): Stripe.PaymentIntent {
  const { amount, currency, customer = null, confirm: isConfirmed = false } = input;
  if (customer !== null) {
    referenced({ table: world.customers, id: customer, noun: 'customer', param: 'customer' });
  }
  const intent: Stripe.PaymentIntent = {
    ...aPaymentIntent({ amount, currency, customer, created: world.now() }),
    description: input.description ?? null,
    metadata: mergeMetadata({}, input.metadata),
    setup_future_usage: null,
  };
  tell(world, 'payment_intent.created', intent);
  return isConfirmed ? confirm(world, intent, input.payment_method) : intent;
}

function open(world: World, id: string, verb: string): Stripe.PaymentIntent {
  const intent = found(world.paymentIntents, id, 'payment_intent');
  if (intent.status === 'requires_payment_method' || intent.status === 'requires_action') return intent;
  throw invalid('', `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`);
}

function confirm(world: World, intent: Stripe.PaymentIntent, wanted: string | undefined): Stripe.PaymentIntent {
  if (wanted === undefined) throw invalid('payment_method', 'Provide a payment_method to confirm it with.');
  const customer = world.customers.get(idOf(intent.customer) ?? '') ?? null;
  const method = world.paymentMethods.get(wanted) ?? testMethod(world, wanted, customer);
  const purpose = { purpose: 'charge', hasAuthenticated: false, isSetUp: world.authenticated.has(method.id) } as const;
  const verdict = verdictOn({ ...lastFourOf(method), ...purpose });
  const charge = chargeFor(world, { intent, method, verdict });
  if (charge !== null) world.emit(charge.status === 'succeeded' ? 'charge.succeeded' : 'charge.failed', charge);
  const next = presented(intent, { method: method.id, verdict, charge: charge?.id ?? null });
  tell(world, eventOf(verdict), next);
  if (verdict.kind !== 'declined') return next;
  throw new StripeFault({ status: 402, type: 'card_error', code: 'card_declined', message: verdict.message });
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
