import type Stripe from 'stripe';
import { mergeMetadata } from '../api/params.js';
import { invalid, noSuch } from '../api/stripe-error.js';
import { priceOnSale } from '../catalogue/price-type.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { applyChange, planChange } from './change.js';
import type { Change, ItemChange } from './change.js';
import { saveSubscription, withScheduledEnd } from './lifecycle.js';
import { endTrial } from './renew.js';
import type { ItemInput, UpdateInput } from './subscription-params.js';
import { currentPeriodEnd, isEnding, isLive, trialSettings, withItems, withoutEnd } from './subscription.js';

/** One request is one customer.subscription.updated, whatever it changed; a refused one leaves no trace. */
export function updateSubscription(world: World, before: Stripe.Subscription, input: UpdateInput): Stripe.Subscription {
  assertChangeable(before, input);
  const next = withTrialEnd(withEnd(described(world, before, input), input, world.now()), input, world.now());
  if (input.trial_end === 'now') return endTrialNow(world, before, next);
  const change = changeFrom(world, before, input);
  if (change === null) return saveSubscription(world, next);
  const plan = planChange(world, next, change);
  return applyChange(world, next, { plan, payment: input.payment_behavior ?? 'allow_incomplete' });
}

function endTrialNow(world: World, before: Stripe.Subscription, next: Stripe.Subscription): Stripe.Subscription {
  if (before.status !== 'trialing') throw invalid('trial_end', 'Only a trial can be ended.');
  endTrial(world, next);
  return world.subscriptions.get(next.id) ?? next;
}

function described(world: World, before: Stripe.Subscription, input: UpdateInput): Stripe.Subscription {
  const method = input.default_payment_method;
  if (method !== undefined && world.paymentMethods.get(method)?.customer !== idOf(before.customer)) {
    throw noSuch('PaymentMethod', method, 'default_payment_method');
  }
  const { trial_settings: settings, pause_collection: pause } = input;
  return {
    ...before,
    metadata: mergeMetadata(before.metadata, input.metadata),
    ...(input.description !== undefined && { description: input.description || null }),
    ...(method !== undefined && { default_payment_method: method }),
    ...(settings && { trial_settings: trialSettings(settings.end_behavior.missing_payment_method) }),
    ...(pause !== undefined && { pause_collection: pauseFrom(pause, world.now()) }),
  };
}

function pauseFrom(pause: NonNullable<UpdateInput['pause_collection']>, now: number) {
  if (pause === '') return null;
  const resumesAt = pause.resumes_at ?? null;
  if (resumesAt !== null && resumesAt <= now) throw invalid('pause_collection[resumes_at]', 'Must be in the future.');
  return { behavior: pause.behavior, resumes_at: resumesAt };
}

/** What an incomplete or ended subscription, or one that waits for payment, may not have changed. */
function assertChangeable(before: Stripe.Subscription, input: UpdateInput): void {
  onlyOne(input, 'cancel_at', 'cancel_at_period_end');
  const names = Object.keys(input);
  const others = names.filter((key) => key !== 'metadata' && key !== 'cancellation_details');
  if (!isLive(before) && others.length > 0) {
    throw invalid(others[0] ?? '', 'A canceled subscription can only update its cancellation_details and metadata.');
  }
  if (before.status === 'incomplete') {
    const [first] = others.filter((key) => key !== 'default_payment_method');
    if (first)
      throw invalid(first, 'A subscription whose first invoice is not paid can only have its metadata changed.');
  }
  if (before.schedule !== null && ['cancel_at', 'cancel_at_period_end'].some((name) => names.includes(name))) {
    throw invalid(
      'cancel_at_period_end',
      `The subscription is managed by the subscription schedule \`${idOf(before.schedule)}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    );
  }
  if (input.payment_behavior === 'pending_if_incomplete') refuseBesidePending(names);
}

function onlyOne(input: UpdateInput, a: keyof UpdateInput, b: keyof UpdateInput): void {
  if (input[a] === undefined || input[b] === undefined) return;
  throw invalid(a, `You may only specify one of these parameters: ${a}, ${b}.`);
}

/** Stripe docs, Pending updates reference: what can wait for a payment; anything else is refused beside it. */
const pendable = [
  'payment_behavior',
  'items',
  'proration_behavior',
  'proration_date',
  'billing_cycle_anchor',
  'off_session',
];

function refuseBesidePending(names: string[]): void {
  const refused = names.filter((name) => !pendable.includes(name));
  if (refused.length === 0) return;
  throw invalid(
    refused[0] ?? '',
    `When \`payment_behavior\` is set to \`pending_if_incomplete\`, these parameters are not supported: ${refused.join(', ')}.`,
  );
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
  return isTakenBack && isEnding(subscription) ? withoutEnd(subscription) : subscription;
}

/** A trial that goes on for longer, or less long. */
function withTrialEnd(subscription: Stripe.Subscription, input: UpdateInput, now: number): Stripe.Subscription {
  const end = input.trial_end;
  if (typeof end !== 'number') return subscription;
  if (subscription.status !== 'trialing') {
    throw invalid('trial_end', 'A trial for a subscription that has begun is not modelled here.');
  }
  if (end <= now) throw invalid('trial_end', 'Trial end must be in the future.');
  return withItems({ ...subscription, trial_end: end, billing_cycle_anchor: end }, (item) => ({
    ...item,
    current_period_end: end,
  }));
}

type ChangeInput = Pick<UpdateInput, 'items' | 'billing_cycle_anchor' | 'proration_behavior' | 'proration_date'>;

/** What a request changes about items or the cycle; null when it changes neither. */
export function changeFrom(
  world: World,
  before: Stripe.Subscription,
  input: ChangeInput,
  root = 'items',
): Change | null {
  const isNewCycle = input.billing_cycle_anchor?.type === 'now';
  const prorationDate = input.proration_date ?? world.now();
  const [start, end] = [before.items.data[0]?.current_period_start ?? 0, currentPeriodEnd(before)];
  if (prorationDate < start || prorationDate > end) {
    throw invalid('proration_date', 'The proration date must lie within the current billing period.');
  }
  if (input.items === undefined && !isNewCycle) return null;
  return {
    items: (input.items ?? []).map((item, index) => itemChange(world, before, { item, path: `${root}[${index}]` })),
    proration: input.proration_behavior ?? 'create_prorations',
    prorationDate,
    isNewCycle,
  };
}

function itemChange(
  world: World,
  { items }: Stripe.Subscription,
  { item, path }: { item: ItemInput; path: string },
): ItemChange {
  const current = items.data.find(({ id }) => id === item.id);
  if (item.id !== undefined && current === undefined) throw noSuch('subscription item', item.id, `${path}[id]`);
  const wanted = item.price ?? current?.price.id;
  const isAsBefore = wanted === undefined || wanted === current?.price.id;
  const price = isAsBefore ? current?.price : priceOnSale(world, wanted, `${path}[price]`);
  if (price === undefined)
    throw invalid(`${path}[price]`, `Missing required param: ${path}[price].`, 'parameter_missing');
  const quantity = item.quantity ?? current?.quantity ?? 1;
  return { id: item.id, price, quantity, isDeleted: item.deleted ?? false };
}
