import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list, toList } from '../api/paging.js';
import { created, flag, integer, mergeMetadata, metadata, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, referenced, StripeFault } from '../api/stripe-error.js';
import { oneTimePrice, recurringPrice, refuseInactive } from '../catalogue/price-type.js';
import { shippingParams } from '../customers/address.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { trialFrom } from '../subscriptions/create.js';
import { trialSettingsParams } from '../subscriptions/trial-params.js';
import type { PaymentData } from './pay-once.js';
import { aCheckoutSession, aLineItem } from './session.js';
import type { SubscriptionData } from './session.js';

const minute = 60;
const day = 24 * 3600;

const createParams = params({
  allow_promotion_codes: flag.optional(),
  billing_address_collection: z.enum(['auto']).optional(),
  cancel_url: z.url().optional(),
  client_reference_id: text.max(200).optional(),
  customer: text.optional(),
  customer_email: z.email().optional(),
  discounts: z
    .array(params({ coupon: text.optional(), promotion_code: text.optional() }))
    .max(1)
    .optional(),
  expires_at: integer.optional(),
  line_items: z
    .array(params({ price: text, quantity: integer.optional() }))
    .min(1)
    .max(20),
  locale: text.optional(),
  metadata: metadata.optional(),
  mode: z.enum(['payment', 'subscription']),
  payment_intent_data: params({
    description: text.max(500).optional(),
    metadata: metadata.optional(),
    shipping: shippingParams.optional(),
  }).optional(),
  payment_method_collection: z.enum(['always', 'if_required']).optional(),
  payment_method_types: z.unknown().optional(),
  subscription_data: params({
    description: text.max(500).optional(),
    metadata: metadata.optional(),
    trial_end: integer.optional(),
    trial_period_days: integer.optional(),
    trial_settings: trialSettingsParams.optional(),
  }).optional(),
  success_url: z.string().regex(/^https?:\/\//, { error: 'Not a valid URL' }),
  ui_mode: z.enum(['hosted_page']).optional(),
});
type CreateInput = z.output<typeof createParams>;

export const checkoutRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/checkout/sessions',
    params: createParams,
    handle: ({ world, input }) => createSession(world, input),
  }),
  route({
    method: 'GET',
    path: '/v1/checkout/sessions',
    params: params({
      ...paging,
      created: created.optional(),
      customer: text.optional(),
      status: z.enum(['open', 'complete', 'expired']).optional(),
      subscription: text.optional(),
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/checkout/sessions',
        table: world.checkoutSessions,
        noun: 'checkout session',
        page: input,
        where: (row) =>
          row.customer === (input.customer ?? row.customer) &&
          row.status === (input.status ?? row.status) &&
          row.subscription === (input.subscription ?? row.subscription) &&
          isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/checkout/sessions/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.checkoutSessions, id, 'checkout session'),
  }),
  route({
    method: 'GET',
    path: '/v1/checkout/sessions/:id/line_items',
    params: params({}),
    handle: ({ world, id }) => {
      found(world.checkoutSessions, id, 'checkout session');
      return toList(`/v1/checkout/sessions/${id}/line_items`, world.lineItems.get(id) ?? []);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/checkout/sessions/:id/expire',
    params: params({}),
    handle: ({ world, id }) => {
      const session = found(world.checkoutSessions, id, 'checkout session');
      if (session.status !== 'open') {
        throw invalid('session', 'Only Checkout Sessions with a status in ["open"] can be expired.');
      }
      return expireSession(world, session);
    },
  }),
];

export function expireSession(world: World, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  const expired: Stripe.Checkout.Session = { ...session, status: 'expired', url: null };
  world.checkoutSessions.set(expired.id, expired);
  world.emit('checkout.session.expired', expired);
  return expired;
}

function createSession(world: World, input: CreateInput): Stripe.Checkout.Session {
  refuseConflicts(input, world.now());
  refuseOfOtherMode(input);
  const lines = input.line_items.map((line, index) => lineItem(world, { line, index, mode: input.mode }));
  const customer =
    input.customer === undefined
      ? null
      : referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
  const data = subscriptionData(input, world.now());
  const amount = lines.reduce((sum, line) => sum + line.amount_subtotal, 0);
  if (input.mode === 'payment' && amount < 50) {
    throw invalid('line_items', 'The total amount due must add up to at least $0.50 usd.');
  }
  const session: Stripe.Checkout.Session = {
    ...aCheckoutSession({
      mode: input.mode,
      publicUrl: world.publicUrl,
      now: world.now(),
      customer,
      customerEmail: input.customer_email ?? null,
      clientReferenceId: input.client_reference_id ?? null,
      successUrl: input.success_url,
      cancelUrl: input.cancel_url ?? null,
      allowPromotionCodes: input.allow_promotion_codes ?? false,
      metadata: mergeMetadata({}, input.metadata),
      expiresAt: input.expires_at ?? world.now() + day,
      amount,
      dueNow: data.trial.days === undefined && data.trial.end === undefined ? amount : 0,
      paymentMethodCollection: input.payment_method_collection ?? (input.mode === 'payment' ? 'if_required' : 'always'),
    }),
    discounts: (input.discounts ?? []).map((discount) => presetDiscount(world, discount)),
  };
  world.checkoutSessions.set(session.id, session);
  world.lineItems.set(session.id, lines);
  if (input.mode === 'payment') world.paymentData.set(session.id, paymentData(input));
  else world.subscriptionData.set(session.id, data);
  return session;
}

const paymentData = ({ payment_intent_data: data = {} }: CreateInput): PaymentData => ({
  description: data.description ?? null,
  metadata: mergeMetadata({}, data.metadata),
  shipping: data.shipping ?? null,
});

const shortestTrial = 48 * 3600;

/** Checkout wants a trial to last 48 hours at least. */
function subscriptionData({ subscription_data: data = {} }: CreateInput, now: number): SubscriptionData {
  const { trial_end: end, trial_period_days: days, trial_settings: settings } = data;
  const missingPaymentMethod = settings?.end_behavior.missing_payment_method ?? 'create_invoice';
  const trial = trialFrom({ days, end, missingPaymentMethod }, now, 'subscription_data');
  if (days === 0) throw invalid('subscription_data[trial_period_days]', 'Must be at least 1.');
  if (end !== undefined && trial !== null && trial.end < now + shortestTrial) {
    throw invalid('subscription_data[trial_end]', 'The `trial_end` date has to be at least 2 days in the future.');
  }
  return {
    metadata: mergeMetadata({}, data.metadata),
    description: data.description ?? null,
    trial: { days, end },
    missingPaymentMethod,
  };
}

function refuseConflicts(input: CreateInput, now: number): void {
  if (input.payment_method_types !== undefined) {
    throw new StripeFault({
      status: 400,
      code: 'payment_method_types_no_longer_supported',
      param: 'payment_method_types',
      message: 'payment_method_types is no longer supported; use dynamic payment methods instead.',
    });
  }
  const onlyOne = (a: keyof CreateInput, b: keyof CreateInput) => {
    if (input[a] === undefined || input[b] === undefined) return;
    throw invalid(a, `You may only specify one of these parameters: ${a}, ${b}.`);
  };
  onlyOne('customer', 'customer_email');
  onlyOne('allow_promotion_codes', 'discounts');
  const expiresIn = (input.expires_at ?? now + day) - now;
  if (expiresIn < 30 * minute || expiresIn > day) {
    throw invalid('expires_at', 'The `expires_at` timestamp must be between 30 minutes and 24 hours from now.');
  }
}

/** What belongs to one mode is refused in the other. Discounts of a single payment are Stripe's, but not modelled here. */
function refuseOfOtherMode(input: CreateInput): void {
  const inPayment = ['allow_promotion_codes', 'discounts', 'payment_method_collection', 'subscription_data'] as const;
  const foreign = input.mode === 'payment' ? inPayment : (['payment_intent_data'] as const);
  const given = foreign.find((param) => input[param] !== undefined);
  if (given !== undefined) throw invalid(given, `You can not pass \`${given}\` in \`${input.mode}\` mode.`);
}

interface LineWish {
  line: CreateInput['line_items'][number];
  index: number;
  mode: CreateInput['mode'];
}
function lineItem(world: World, { line, index, mode }: LineWish): Stripe.LineItem {
  const priceFor = mode === 'payment' ? oneTimePrice : recurringPrice;
  const param = `line_items[${index}][price]`;
  const price = priceFor(world, line.price, param);
  refuseInactive(price, param);
  return aLineItem({
    price,
    product: found(world.products, idOf(price.product), 'product'),
    quantity: line.quantity ?? 1,
  });
}

function presetDiscount(
  world: World,
  discount: NonNullable<CreateInput['discounts']>[number],
): Stripe.Checkout.Session.Discount {
  const { coupon, promotion_code: code } = discount;
  if (code !== undefined) {
    const row = referenced({
      table: world.promotionCodes,
      id: code,
      noun: 'promotion code',
      param: 'discounts[0][promotion_code]',
    });
    return { coupon: row.promotion.coupon, promotion_code: row.id };
  }
  if (coupon === undefined) throw invalid('discounts[0]', 'Missing coupon or promotion_code.', 'parameter_missing');
  return {
    coupon: referenced({ table: world.coupons, id: coupon, noun: 'coupon', param: 'discounts[0][coupon]' }).id,
    promotion_code: null,
  };
}
