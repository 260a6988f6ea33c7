import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, mergeMetadata, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, noSuch, referenced } from '../api/stripe-error.js';
import { priceOnSale } from '../catalogue/price-type.js';
import type { World } from '../world/world.js';
import { createSubscription, trialFrom } from './create.js';
import { cancelNow, saveSubscription, withScheduledEnd } from './lifecycle.js';
import type { Wanted } from './proration.js';
import { pauseParams, pauseSubscription, resumeParams, resumeSubscription } from './resume.js';
import { cancellationDetails, createParams, updateParams } from './subscription-params.js';
import type { CreateInput, ItemInput } from './subscription-params.js';
import { currentPeriodEnd, isLive } from './subscription.js';
import { updateSubscription } from './update.js';

const statuses = [
  'active',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;
export const subscriptionRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/subscriptions',
    params: params({
      ...paging,
      created: created.optional(),
      customer: text.optional(),
      price: text.optional(),
      status: z.enum([...statuses, 'all', 'ended']).optional(),
    }),
    handle: ({ world, input }) => {
      if (input.customer !== undefined && !world.deletedCustomers.has(input.customer)) {
        referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      }
      return list({
        url: '/v1/subscriptions',
        table: world.subscriptions,
        noun: 'subscription',
        page: input,
        where: (row) =>
          hasStatus(row, input.status) &&
          row.customer === (input.customer ?? row.customer) &&
          row.items.data.some(({ price }) => price.id === (input.price ?? price.id)) &&
          isWithin(row.created, input.created),
      });
    },
  }),
  route({
    method: 'POST',
    path: '/v1/subscriptions',
    params: createParams,
    handle: ({ world, input }) => create(world, input),
  }),
  route({
    method: 'GET',
    path: '/v1/subscriptions/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.subscriptions, id, 'subscription'),
  }),
  route({
    method: 'POST',
    path: '/v1/subscriptions/:id',
    params: updateParams,
    handle: ({ world, id, input }) => updateSubscription(world, found(world.subscriptions, id, 'subscription'), input),
  }),
  route({
    method: 'POST',
    path: '/v1/subscriptions/:id/pause',
    params: pauseParams,
    handle: ({ world, id, input }) => pauseSubscription(world, found(world.subscriptions, id, 'subscription'), input),
  }),
  route({
    method: 'POST',
    path: '/v1/subscriptions/:id/resume',
    params: resumeParams,
    handle: ({ world, id, input }) => resumeSubscription(world, found(world.subscriptions, id, 'subscription'), input),
  }),
  route({
    method: 'DELETE',
    path: '/v1/subscriptions/:id',
    params: params({
      cancellation_details: cancellationDetails.optional(),
      // A final invoice or a credit for the rest of the period is not modelled.
      invoice_now: z.enum(['false']).optional(),
      prorate: z.enum(['false']).optional(),
    }),
    handle: ({ world, id, input }) => {
      const subscription = found(world.subscriptions, id, 'subscription');
      // To Stripe's cancel, one that has already ended no longer exists.
      if (!isLive(subscription)) throw noSuch('subscription', id);
      return cancelNow(world, subscription, input.cancellation_details);
    },
  }),
];

/** Without a status Stripe lists all that have not ended. */
function hasStatus(row: Stripe.Subscription, wanted: (typeof statuses)[number] | 'all' | 'ended' | undefined): boolean {
  switch (wanted) {
    case undefined:
      return row.status !== 'canceled';
    case 'all':
      return true;
    case 'ended':
      return !isLive(row);
    default:
      return row.status === wanted;
  }
}

function create(world: World, input: CreateInput): Stripe.Subscription {
  const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
  const method = input.default_payment_method;
  if (method !== undefined && world.paymentMethods.get(method)?.customer !== customer.id) {
    throw noSuch('PaymentMethod', method, 'default_payment_method');
  }
  const { trial_settings: settings, trial_end: end, trial_period_days: days } = input;
  const missingPaymentMethod = settings?.end_behavior.missing_payment_method;
  const made = createSubscription(world, {
    customer: customer.id,
    lines: input.items.map((item, index) => wanted(world, item, `items[${index}]`)),
    paymentMethod: method ?? null,
    metadata: mergeMetadata({}, input.metadata),
    description: input.description ?? null,
    trial: trialFrom({ days, end, missingPaymentMethod }, world.now()),
    paymentBehavior: input.payment_behavior ?? 'allow_incomplete',
  });
  if (input.cancel_at_period_end !== true) return made;
  return saveSubscription(
    world,
    withScheduledEnd(made, { at: currentPeriodEnd(made), isAtPeriodEnd: true, requestedAt: world.now() }),
  );
}

function wanted(world: World, item: ItemInput, path: string): Wanted {
  if (item.id !== undefined)
    throw invalid(`${path}[id]`, `Received unknown parameter: ${path}[id]`, 'parameter_unknown');
  if (item.price === undefined) {
    throw invalid(`${path}[price]`, `Missing required param: ${path}[price].`, 'parameter_missing');
  }
  const price = priceOnSale(world, item.price, `${path}[price]`);
  return { price, quantity: item.quantity ?? 1 };
}
