import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, mergeMetadata, metadata, paging, params, text, unsettable } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, noSuch } from '../api/stripe-error.js';
import { cancelNow } from '../subscriptions/lifecycle.js';
import { isLive } from '../subscriptions/subscription.js';
import type { World } from '../world/world.js';
import { aCustomer } from './customer.js';
import { attach, newMethod } from './payment-method-routes.js';

const fields = {
  email: unsettable.max(512).optional(),
  name: unsettable.optional(),
  phone: unsettable.optional(),
  description: unsettable.optional(),
  metadata: metadata.optional(),
};

export const customerRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/customers',
    params: params({
      ...fields,
      invoice_settings: params({ default_payment_method: text.optional() }).optional(),
      payment_method: text.optional(),
      // From before payment methods, and what Stripe's own CLI still sends: here it is one, and the default.
      source: z.enum(['tok_visa']).optional(),
    }),
    handle: ({ world, input }) => {
      const customer = aCustomer({
        created: world.now(),
        email: input.email || null,
        name: input.name || null,
        phone: input.phone || null,
        description: input.description || null,
        metadata: mergeMetadata({}, input.metadata),
      });
      const { payment_method: given, invoice_settings: settings, source } = input;
      const method = source === undefined ? given : 'pm_card_visa';
      const standard = source === undefined ? settings?.default_payment_method : method;
      // Only the method that comes along can be the default of a customer who has no other.
      if (standard !== undefined && standard !== method) {
        throw noSuch('PaymentMethod', standard, 'invoice_settings[default_payment_method]');
      }
      if (method === undefined) return addCustomer(world, customer);
      const attached = newMethod(world, method, customer);
      const default_payment_method = standard === undefined ? null : attached.id;
      const invoice_settings = { ...customer.invoice_settings, default_payment_method };
      const added = addCustomer(world, { ...customer, invoice_settings });
      attach(world, attached);
      return added;
    },
  }),
  route({
    method: 'GET',
    path: '/v1/customers',
    params: params({ ...paging, created: created.optional(), email: text.optional() }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/customers',
        table: world.customers,
        noun: 'customer',
        page: input,
        // Stripe compares e-mail addresses exactly, upper and lower case included.
        where: (row) => row.email === (input.email ?? row.email) && isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/customers/:id',
    params: params({}),
    // A deleted customer is still answered, with `deleted: true`.
    handle: ({ world, id }) => world.deletedCustomers.get(id) ?? found(world.customers, id, 'customer'),
  }),
  route({
    method: 'POST',
    path: '/v1/customers/:id',
    params: params({
      ...fields,
      invoice_settings: params({ default_payment_method: unsettable.optional() }).optional(),
    }),
    handle: ({ world, id, input }) => {
      const before = found(world.customers, id, 'customer');
      return world.update(world.customers, 'customer.updated', {
        ...before,
        ...unsetEmpty(input, ['email', 'name', 'phone', 'description']),
        metadata: mergeMetadata(before.metadata, input.metadata),
        invoice_settings: {
          ...before.invoice_settings,
          default_payment_method: defaultMethod(world, before, input.invoice_settings?.default_payment_method),
        },
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/customers/:id',
    params: params({}),
    handle: ({ world, id }) => deleteCustomer(world, found(world.customers, id, 'customer')),
  }),
];

export function addCustomer(world: World, customer: Stripe.Customer): Stripe.Customer {
  world.customers.set(customer.id, customer);
  world.emit('customer.created', customer);
  return customer;
}

/** Deleting a customer cancels what they subscribed to at once, which Stripe tells before the deletion itself. */
function deleteCustomer(world: World, customer: Stripe.Customer): Stripe.DeletedCustomer {
  for (const subscription of world.subscriptions.values()) {
    if (subscription.customer === customer.id && isLive(subscription)) cancelNow(world, subscription);
  }
  const deleted: Stripe.DeletedCustomer = { id: customer.id, object: 'customer', deleted: true };
  world.customers.delete(customer.id);
  world.deletedCustomers.set(customer.id, deleted);
  world.emit('customer.deleted', customer);
  return deleted;
}

function unsetEmpty<K extends string>(input: Partial<Record<K, string>>, keys: K[]): Partial<Record<K, string | null>> {
  const changes: Partial<Record<K, string | null>> = {};
  for (const key of keys) {
    const value = input[key];
    if (value !== undefined) changes[key] = value === '' ? null : value;
  }
  return changes;
}

function defaultMethod(world: World, customer: Stripe.Customer, wanted: string | undefined) {
  if (wanted === undefined) return customer.invoice_settings.default_payment_method;
  if (wanted === '') return null;
  const method = world.paymentMethods.get(wanted);
  if (method?.customer !== customer.id) {
    throw noSuch('PaymentMethod', wanted, 'invoice_settings[default_payment_method]');
  }
  return method.id;
}
