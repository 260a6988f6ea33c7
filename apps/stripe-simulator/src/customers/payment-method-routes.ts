import type Stripe from 'stripe';
import { z } from 'zod';
import { list } from '../api/paging.js';
import { paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, referenced } from '../api/stripe-error.js';
import type { World } from '../world/world.js';
import { aPaymentMethod } from './payment-method.js';
import type { CardInput } from './payment-method.js';

const type = z.enum(['card']).optional();

export const paymentMethodRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/payment_methods',
    params: params({ ...paging, customer: text, type }),
    handle: ({ world, input }) => {
      referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      return list({ ...methodsOf(world, input.customer, '/v1/payment_methods'), page: input });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/payment_methods/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.paymentMethods, id, 'PaymentMethod'),
  }),
  route({
    method: 'GET',
    path: '/v1/customers/:id/payment_methods',
    params: params({ ...paging, type }),
    handle: ({ world, id, input }) => {
      found(world.customers, id, 'customer');
      return list({ ...methodsOf(world, id, `/v1/customers/${id}/payment_methods`), page: input });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/customers/:id/payment_methods/:method',
    params: params({}),
    handle: ({ world, ids: [customer = '', method = ''] }) => {
      found(world.customers, customer, 'customer');
      const own = new Map([...world.paymentMethods].filter(([, row]) => row.customer === customer));
      return found(own, method, 'PaymentMethod');
    },
  }),
];

const methodsOf = (world: World, customer: string, url: string) => ({
  url,
  table: world.paymentMethods,
  noun: 'PaymentMethod',
  where: (row: Stripe.PaymentMethod) => row.customer === customer,
});

/** Saves a card for a customer. */
export function attachCard(world: World, customer: Stripe.Customer, card: CardInput): Stripe.PaymentMethod {
  const method = aPaymentMethod({ customer, card, created: world.now() });
  world.paymentMethods.set(method.id, method);
  world.emit('payment_method.attached', method);
  return method;
}
