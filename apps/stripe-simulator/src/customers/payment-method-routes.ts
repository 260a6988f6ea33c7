import type Stripe from 'stripe';
import { z } from 'zod';
import { list } from '../api/paging.js';
import { paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, noSuch, referenced, StripeFault } from '../api/stripe-error.js';
import type { World } from '../world/world.js';
import { verdictOn } from '../payments/verdict.js';
import { addressParams, toAddress } from './address.js';
import { aCardMethod, lastFourOf } from './payment-method.js';

const type = z.enum(['card']).optional();

const readRoutes: Route[] = [
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

const attachRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/payment_methods/:id/attach',
    params: params({ customer: text }),
    handle: ({ world, id, input }) => {
      const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      return attachTo(world, id, customer);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/payment_methods/:id/detach',
    params: params({}),
    handle: ({ world, id }) => {
      const method = found(world.paymentMethods, id, 'PaymentMethod');
      if (method.customer === null) throw invalid('', 'The payment method you provided is not attached to a customer.');
      const detached: Stripe.PaymentMethod = { ...method, customer: null };
      world.paymentMethods.set(id, detached);
      world.detached.add(id);
      world.emit('payment_method.detached', detached, { previous: { customer: method.customer } });
      return detached;
    },
  }),
];

const billingDetails = params({
  address: addressParams.optional(),
  email: z.email().optional(),
  name: text.optional(),
  phone: text.optional(),
});

/** A card of nobody's yet, of one of Stripe's test tokens: numbers are typed into the hosted pages only. */
const createRoute = route({
  method: 'POST',
  path: '/v1/payment_methods',
  params: params({
    billing_details: billingDetails.optional(),
    card: params({ token: z.enum(['tok_visa']) }),
    type: z.enum(['card']),
  }),
  handle: ({ world, input }) => {
    const { address, email = null, name = null, phone = null } = input.billing_details ?? {};
    const card = testMethod(world, 'pm_card_visa', null);
    const details = { address: toAddress(address ?? {}), email, name, phone, tax_id: null };
    const made: Stripe.PaymentMethod = { ...card, billing_details: details };
    world.paymentMethods.set(made.id, made);
    return made;
  },
});

export const paymentMethodRoutes: Route[] = [...readRoutes, createRoute, ...attachRoutes];

const methodsOf = (world: World, customer: string, url: string) => ({
  url,
  table: world.paymentMethods,
  noun: 'PaymentMethod',
  where: (row: Stripe.PaymentMethod) => row.customer === customer,
});

/** Saves a payment method for its customer. */
export function attach(world: World, method: Stripe.PaymentMethod): Stripe.PaymentMethod {
  world.paymentMethods.set(method.id, method);
  world.emit('payment_method.attached', method);
  return method;
}

const testMethods: Record<string, string> = {
  pm_card_visa: '4242424242424242',
  pm_card_createDispute: '4000000000000259',
  pm_card_createDisputeInquiry: '4000000000001976',
  pm_card_chargeDeclined: '4000000000000002',
  pm_card_visa_chargeDeclined: '4000000000000002',
  pm_card_visa_chargeDeclinedInsufficientFunds: '4000000000009995',
  pm_card_chargeCustomerFail: '4000000000000341',
  pm_card_authenticationRequiredOnSetup: '4000002500003155',
  pm_card_authenticationRequired: '4000002760003184',
  pm_card_threeDSecure2Required: '4000000000003220',
};

/** A new method made of one of Stripe's own test payment methods. It is not stored, and nobody has asked the bank. */
export function testMethod(world: World, id: string, customer: Stripe.Customer | null): Stripe.PaymentMethod {
  const number = testMethods[id];
  if (number === undefined) throw noSuch('PaymentMethod', id, 'payment_method');
  const card = { number, expMonth: 12, expYear: new Date(world.now() * 1000).getUTCFullYear() + 4 };
  return aCardMethod({ customer, card, created: world.now() });
}

/** The same, to be saved for the customer it is given to; not every card lets itself be saved. */
export function newMethod(world: World, id: string, customer: Stripe.Customer): Stripe.PaymentMethod {
  return savable(testMethod(world, id, customer));
}

function savable(method: Stripe.PaymentMethod): Stripe.PaymentMethod {
  const verdict = verdictOn({ ...lastFourOf(method), purpose: 'save', hasAuthenticated: true, isSetUp: false });
  if (verdict.kind === 'declined') {
    throw new StripeFault({ status: 402, type: 'card_error', code: 'card_declined', message: verdict.message });
  }
  return method;
}

function attachTo(world: World, id: string, customer: Stripe.Customer): Stripe.PaymentMethod {
  const known = world.paymentMethods.get(id);
  if (known === undefined) return attach(world, newMethod(world, id, customer));
  if (known.customer === customer.id) return known;
  if (world.detached.has(id)) {
    throw invalid('', 'This PaymentMethod was detached from a Customer, and may not be used again.');
  }
  if (known.customer !== null) {
    throw invalid('', 'The payment method you provided has already been attached to a customer.');
  }
  return attach(world, { ...savable(known), customer: customer.id });
}
