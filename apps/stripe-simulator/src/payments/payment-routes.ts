import type Stripe from 'stripe';
import { isWithin, list } from '../api/paging.js';
import { created, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, referenced } from '../api/stripe-error.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';

/** Charges and payment intents, as they are read; most come from invoices. */
export const paymentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/charges',
    params: params({
      ...paging,
      created: created.optional(),
      customer: text.optional(),
      payment_intent: text.optional(),
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/charges',
        table: world.charges,
        noun: 'charge',
        page: input,
        where: (row) =>
          row.customer === (input.customer ?? row.customer) &&
          row.payment_intent === (input.payment_intent ?? row.payment_intent) &&
          isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/charges/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.charges, id, 'charge'),
  }),
  route({
    method: 'GET',
    path: '/v1/payment_intents',
    params: params({ ...paging, created: created.optional(), customer: text.optional() }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/payment_intents',
        table: world.paymentIntents,
        noun: 'payment_intent',
        page: input,
        where: (row) => row.customer === (input.customer ?? row.customer) && isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/payment_intents/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.paymentIntents, id, 'payment_intent'),
  }),
];

interface Named {
  charge?: string | undefined;
  payment_intent?: string | undefined;
}

/** The charge a request means, by its own id or by that of the intent it belongs to; it must have gone through. */
export function chargeNamed(world: World, { charge: id, payment_intent: intentId }: Named): Stripe.Charge {
  if ((id === undefined) === (intentId === undefined)) {
    throw invalid(
      'payment_intent',
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  }
  const charge = id === undefined ? chargeOfIntent(world, intentId ?? '') : chargeById(world, id);
  if (charge?.status === 'succeeded') return charge;
  throw invalid(id === undefined ? 'payment_intent' : 'charge', 'It does not have a successful charge.');
}

const chargeById = (world: World, id: string) =>
  referenced({ table: world.charges, id, noun: 'charge', param: 'charge' });

function chargeOfIntent(world: World, id: string): Stripe.Charge | undefined {
  const intent = referenced({ table: world.paymentIntents, id, noun: 'payment_intent', param: 'payment_intent' });
  return world.charges.get(idOf(intent.latest_charge) ?? '');
}
