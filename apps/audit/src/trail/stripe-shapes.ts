/**
 * What the trail keeps of each of Stripe's objects: an allow-list, field by field. Whatever is not named here is not kept: names,
 * e-mail and postal addresses, cards, free text, links and secrets. Older API versions' fields stand beside the current ones.
 */
export type Field = Kind | Shape | [Kind | Shape];
/**
 * `word`: an id or one of Stripe's enum values, also when the object itself stands where its id could; anything else is dropped.
 * `text`: our own text, up to 255 characters.
 */
export type Kind = 'word' | 'number' | 'flag' | 'text';
export interface Shape {
  readonly [name: string]: Field;
}

/** Ours: the gateway writes these three on everything it creates at Stripe. */
const metadata: Shape = { user_id: 'text', tier: 'word', billing_cycle: 'word' };
/** On every object, known or not. */
const common: Shape = {
  id: 'word',
  object: 'word',
  status: 'word',
  created: 'number',
  livemode: 'flag',
  deleted: 'flag',
  customer: 'word',
  currency: 'word',
  metadata,
};

const period: Shape = { start: 'number', end: 'number' };
const price: Shape = {
  id: 'word',
  product: 'word',
  currency: 'word',
  unit_amount: 'number',
  recurring: { interval: 'word', interval_count: 'number' },
};
const payment: Shape = { type: 'word', payment_intent: 'word', charge: 'word' };

const subscription: Shape = {
  billing_cycle_anchor: 'number',
  billing_mode: { type: 'word' },
  cancel_at: 'number',
  cancel_at_period_end: 'flag',
  canceled_at: 'number',
  cancellation_details: { reason: 'word', feedback: 'word' },
  collection_method: 'word',
  current_period_start: 'number',
  current_period_end: 'number',
  discounts: ['word'],
  ended_at: 'number',
  items: {
    data: [
      {
        id: 'word',
        quantity: 'number',
        current_period_start: 'number',
        current_period_end: 'number',
        price,
      },
    ],
  },
  latest_invoice: 'word',
  pause_collection: { behavior: 'word', resumes_at: 'number' },
  pending_update: { expires_at: 'number' },
  schedule: 'word',
  start_date: 'number',
  status_details: { paused: { subscription: { type: 'word' } } },
  trial_start: 'number',
  trial_end: 'number',
};

const invoiceLine: Shape = {
  id: 'word',
  amount: 'number',
  currency: 'word',
  quantity: 'number',
  period,
  price: { id: 'word' },
  pricing: { price_details: { price: 'word', product: 'word' } },
  parent: {
    type: 'word',
    subscription_item_details: { subscription: 'word', subscription_item: 'word', proration: 'flag' },
  },
};

const invoice: Shape = {
  amount_due: 'number',
  amount_paid: 'number',
  amount_remaining: 'number',
  attempt_count: 'number',
  attempted: 'flag',
  auto_advance: 'flag',
  billing_reason: 'word',
  charge: 'word',
  collection_method: 'word',
  due_date: 'number',
  ending_balance: 'number',
  lines: { data: [invoiceLine] },
  next_payment_attempt: 'number',
  number: 'word',
  paid: 'flag',
  parent: { type: 'word', subscription_details: { subscription: 'word', metadata } },
  payment_intent: 'word',
  payments: { data: [{ id: 'word', status: 'word', amount_paid: 'number', payment }] },
  period_start: 'number',
  period_end: 'number',
  starting_balance: 'number',
  status_transitions: {
    finalized_at: 'number',
    marked_uncollectible_at: 'number',
    paid_at: 'number',
    voided_at: 'number',
  },
  subscription: 'word',
  subscription_details: { metadata },
  subtotal: 'number',
  total: 'number',
};

const paymentIntent: Shape = {
  amount: 'number',
  amount_capturable: 'number',
  amount_received: 'number',
  canceled_at: 'number',
  cancellation_reason: 'word',
  invoice: 'word',
  last_payment_error: { code: 'word', decline_code: 'word', type: 'word' },
  latest_charge: 'word',
};

const charge: Shape = {
  amount: 'number',
  amount_captured: 'number',
  amount_refunded: 'number',
  captured: 'flag',
  disputed: 'flag',
  failure_code: 'word',
  invoice: 'word',
  outcome: { network_status: 'word', reason: 'word', risk_level: 'word', type: 'word' },
  paid: 'flag',
  payment_intent: 'word',
  refunded: 'flag',
};

const checkoutSession: Shape = {
  amount_subtotal: 'number',
  amount_total: 'number',
  client_reference_id: 'text',
  expires_at: 'number',
  invoice: 'word',
  mode: 'word',
  payment_intent: 'word',
  payment_status: 'word',
  setup_intent: 'word',
  subscription: 'word',
  total_details: { amount_discount: 'number', amount_shipping: 'number', amount_tax: 'number' },
};

const subscriptionSchedule: Shape = {
  canceled_at: 'number',
  completed_at: 'number',
  current_phase: { start_date: 'number', end_date: 'number' },
  end_behavior: 'word',
  phases: [{ start_date: 'number', end_date: 'number', items: [{ price: 'word', quantity: 'number' }] }],
  released_at: 'number',
  released_subscription: 'word',
  subscription: 'word',
};

const coupon: Shape = {
  amount_off: 'number',
  duration: 'word',
  duration_in_months: 'number',
  percent_off: 'number',
  times_redeemed: 'number',
  valid: 'flag',
};

/** By Stripe's `object`; each whole and in order, since every event walks one of them. */
const shapes: ReadonlyMap<string, Shape> = new Map(
  Object.entries<Shape>({
    subscription,
    invoice,
    charge,
    coupon,
    payment_intent: paymentIntent,
    'checkout.session': checkoutSession,
    subscription_schedule: subscriptionSchedule,
    customer: { balance: 'number', delinquent: 'flag' },
    credit_note: { amount: 'number', invoice: 'word', reason: 'word', total: 'number', type: 'word' },
    discount: {
      end: 'number',
      invoice: 'word',
      promotion_code: 'word',
      source: { type: 'word', coupon: 'word' },
      start: 'number',
      subscription: 'word',
    },
    dispute: {
      amount: 'number',
      charge: 'word',
      is_charge_refundable: 'flag',
      payment_intent: 'word',
      reason: 'word',
    },
    'entitlements.active_entitlement_summary': { entitlements: { data: [{ id: 'word', feature: 'word' }] } },
    invoice_payment: {
      amount_paid: 'number',
      amount_requested: 'number',
      invoice: 'word',
      is_default: 'flag',
      payment,
    },
    payment_method: { type: 'word' },
    price: { ...price, active: 'flag', type: 'word' },
    product: { active: 'flag', default_price: 'word' },
    promotion_code: { active: 'flag', coupon: 'word', promotion: { type: 'word', coupon: 'word' } },
    'radar.early_fraud_warning': {
      actionable: 'flag',
      charge: 'word',
      fraud_type: 'word',
      payment_intent: 'word',
    },
    refund: { amount: 'number', charge: 'word', failure_reason: 'word', payment_intent: 'word', reason: 'word' },
    setup_intent: { cancellation_reason: 'word', usage: 'word' },
    'test_helpers.test_clock': { frozen_time: 'number' },
  }).map(([object, shape]) => [object, inOrder({ ...common, ...shape })]),
);

const unknownShape = inOrder(common);

/** Its fields come in the order of their names, at every depth: what is copied along it is in RFC 8785's order. */
export function shapeOf(object: string): Shape {
  return shapes.get(object) ?? unknownShape;
}

function inOrder(shape: Shape): Shape {
  const names = Object.keys(shape).toSorted();
  return Object.fromEntries(
    names.flatMap((name) => (shape[name] === undefined ? [] : [[name, fieldInOrder(shape[name])]])),
  );
}

function fieldInOrder(field: Field): Field {
  if (typeof field === 'string') return field;
  if (!Array.isArray(field)) return inOrder(field);
  const [each] = field;
  return [typeof each === 'string' ? each : inOrder(each)];
}

/** The event around the object, as API v1 (`event`) and v2 (`v2.core.event`) write it. */
export const eventShape: Shape = inOrder({
  object: 'word',
  api_version: 'word',
  account: 'word',
  livemode: 'flag',
  request: { id: 'word' },
  related_object: { id: 'word', type: 'word' },
});
