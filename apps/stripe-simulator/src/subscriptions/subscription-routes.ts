import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, flag, integer, mergeMetadata, metadata, paging, params, text, unsettable } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, noSuch, referenced } from '../api/stripe-error.js';
import type { World } from '../world/world.js';
import { cancelNow, changePrice, saveSubscription, withoutScheduledEnd, withScheduledEnd } from './lifecycle.js';
import { currentPeriodEnd, isEnding, isLive } from './subscription.js';

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
const feedbacks = [
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
] as const;

const cancellationDetails = params({ comment: text.optional(), feedback: z.enum(feedbacks).optional() });

const updateParams = params({
  cancel_at: z.union([z.literal(''), integer]).optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: cancellationDetails.optional(),
  default_payment_method: text.optional(),
  description: unsettable.optional(),
  items: z
    .array(params({ id: text, price: text.optional(), quantity: integer.optional() }))
    .min(1)
    .optional(),
  metadata: metadata.optional(),
  // Stripe's amounts for a change in mid-period are not modelled, so nothing else than `none` is true here.
  proration_behavior: z.enum(['none']).optional(),
});
type UpdateInput = z.output<typeof updateParams>;

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
    method: 'GET',
    path: '/v1/subscriptions/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.subscriptions, id, 'subscription'),
  }),
  route({
    method: 'POST',
    path: '/v1/subscriptions/:id',
    params: updateParams,
    handle: ({ world, id, input }) => update(world, found(world.subscriptions, id, 'subscription'), input),
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

function update(world: World, before: Stripe.Subscription, input: UpdateInput): Stripe.Subscription {
  assertChangeable(before, input);
  const [item, second] = input.items ?? [];
  if (second) throw invalid('items', 'Only one item can be changed here.');
  // Every reference is checked before anything changes: a refused update leaves no trace.
  const itemChange = item && itemChangeFor(world, before, item);
  const method = input.default_payment_method;
  if (method !== undefined && world.paymentMethods.get(method)?.customer !== before.customer) {
    throw noSuch('PaymentMethod', method, 'default_payment_method');
  }
  const described: Stripe.Subscription = {
    ...before,
    metadata: mergeMetadata(before.metadata, input.metadata),
    ...(input.description !== undefined && { description: input.description || null }),
    ...(method !== undefined && { default_payment_method: method }),
  };
  // One request is one customer.subscription.updated, whatever it changed.
  const next = withEnd(described, input, world.now());
  return itemChange ? changePrice(world, next, itemChange) : saveSubscription(world, next);
}

function assertChangeable(before: Stripe.Subscription, input: UpdateInput): void {
  if (input.cancel_at !== undefined && input.cancel_at_period_end !== undefined) {
    throw invalid('cancel_at', 'You may only specify one of these parameters: cancel_at, cancel_at_period_end.');
  }
  const others = Object.keys(input).filter((key) => key !== 'metadata' && key !== 'cancellation_details');
  if (!isLive(before) && others.length > 0) {
    throw invalid(others[0] ?? '', 'A canceled subscription can only update its cancellation_details and metadata.');
  }
}

function itemChangeFor(world: World, { items }: Stripe.Subscription, item: NonNullable<UpdateInput['items']>[number]) {
  const current = items.data.find(({ id }) => id === item.id);
  if (current === undefined) throw noSuch('subscription item', item.id, 'items[0][id]');
  const price =
    item.price === undefined
      ? current.price
      : referenced({ table: world.prices, id: item.price, noun: 'price', param: 'items[0][price]' });
  return { itemId: item.id, price, quantity: item.quantity };
}

function withEnd(subscription: Stripe.Subscription, input: UpdateInput, now: number): Stripe.Subscription {
  const request = { requestedAt: now, details: input.cancellation_details ?? {} };
  if (input.cancel_at_period_end === true) {
    return withScheduledEnd(subscription, { at: currentPeriodEnd(subscription), isAtPeriodEnd: true, ...request });
  }
  if (typeof input.cancel_at === 'number') {
    if (input.cancel_at <= now) throw invalid('cancel_at', 'Must be in the future.');
    return withScheduledEnd(subscription, { at: input.cancel_at, isAtPeriodEnd: false, ...request });
  }
  const isTakenBack = input.cancel_at_period_end === false || input.cancel_at === '';
  return isTakenBack && isEnding(subscription) ? withoutScheduledEnd(subscription) : subscription;
}
