import type Stripe from 'stripe';
import { z } from 'zod';
import { flag, integer, mergeMetadata, metadata, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { invalid, referenced } from '../api/stripe-error.js';
import { shippingParams } from '../customers/address.js';
import type { World } from '../world/world.js';
import { cancelPayment, confirmPayment, openPayment, unfinishedPayment } from './own-payment.js';

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
  shipping: shippingParams.optional(),
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
    handle: ({ world, id, input }) => confirm(world, unfinishedPayment(world, id, 'confirm'), input.payment_method),
  }),
  route({
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    params: params({
      cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
    }),
    handle: ({ world, id, input }) =>
      cancelPayment(world, unfinishedPayment(world, id, 'cancel'), input.cancellation_reason ?? null),
  }),
];

function create(world: World, input: CreateInput): Stripe.PaymentIntent {
  const { amount, currency, customer = null, confirm: isConfirmed = false } = input;
  if (customer !== null) {
    referenced({ table: world.customers, id: customer, noun: 'customer', param: 'customer' });
  }
  const intent = openPayment(world, {
    amount,
    currency,
    customer,
    description: input.description ?? null,
    metadata: mergeMetadata({}, input.metadata),
    shipping: input.shipping ?? null,
  });
  return isConfirmed ? confirm(world, intent, input.payment_method) : intent;
}

function confirm(world: World, intent: Stripe.PaymentIntent, wanted: string | undefined): Stripe.PaymentIntent {
  if (wanted === undefined) throw invalid('payment_method', 'Provide a payment_method to confirm it with.');
  return confirmPayment(world, intent, wanted);
}
