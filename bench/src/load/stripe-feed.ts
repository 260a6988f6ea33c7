import type { EventAttributes } from '@billhook/contracts';
import { aPrice, aStripeEvent, aSubscription, aSubscriptionItem, started } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';

/** How many subscriptions, each of a customer and a user of its own, the events go round. */
export const subscriptionCount = 2_000;

const month = 30 * 24 * 60 * 60;
/**
 * So long is every period, whatever its price says: what has become due is asked of Stripe, and nothing of the feed may while a
 * benchmark runs. From 2026 it reaches into 2086, with as many digits as a month.
 */
const period = 60 * 365 * 24 * 60 * 60;
const steps = ['cancelled', 'resumed', 'upgraded', 'renewed', 'downgraded'] as const;

export interface FeedEvent {
  userId: string;
  /** Grows with every event of a subscription: what a reader recognises the change by. */
  createdAt: Date;
  event: StripeEventBody;
}

interface State {
  price: 'price_pro_monthly' | 'price_elite_monthly';
  periodStart: number;
  willCancel: boolean;
}

/**
 * The `index`-th event of an endless history: round and round the subscriptions, first created and then changed. Each is a real
 * change, a second or more after the one before, so that every one of them is applied and none needs to be asked of Stripe.
 * Equal for equal arguments; `run` keeps the ids of two runs apart. 2.9 to 3.1 KB as JSON.
 */
export function feedEvent(run: string, index: number): FeedEvent {
  const [subject, step] = [index % subscriptionCount, Math.floor(index / subscriptionCount)];
  const created = started + step;
  const now = stateAfter(step);
  const object = toSubscription(subject, now);
  const overrides = { id: `evt_${run}_${index}`, created };
  const event =
    step === 0
      ? aStripeEvent('customer.subscription.created', object, overrides)
      : aStripeEvent('customer.subscription.updated', object, {
          ...overrides,
          previousAttributes: differences(subject, stateAfter(step - 1), now),
        });
  return { userId: userOf(subject), createdAt: new Date(created * 1000), event };
}

/** The envelope that the ingress gives an event: a spec holds the two equal. */
export function feedAttributes({ event, createdAt }: FeedEvent, at: Date): EventAttributes {
  return {
    id: event.id,
    source: 'stripe',
    type: `stripe.${event.type}`,
    subject: 'id' in event.data.object ? String(event.data.object.id) : undefined,
    time: createdAt.toISOString(),
    actor: 'stripe',
    requestid: `bench-${event.id}`,
    receivedat: at.toISOString(),
    account: undefined,
    livemode: false,
    apiversion: event.api_version,
  };
}

export const userOf = (subject: number): string => `user_${subject}`;

function stateAfter(step: number): State {
  const [round, within] = [Math.floor((step - 1) / steps.length), (step - 1) % steps.length];
  if (step === 0) return { price: 'price_pro_monthly', periodStart: started, willCancel: false };
  const renewals = round + (within >= steps.indexOf('renewed') ? 1 : 0);
  return {
    price: within >= steps.indexOf('upgraded') && within < steps.indexOf('downgraded') ? elite : pro,
    periodStart: started + renewals * month,
    willCancel: within === steps.indexOf('cancelled'),
  };
}

const pro = 'price_pro_monthly';
const elite = 'price_elite_monthly';

function toItem(subject: number, { price, periodStart }: State) {
  return aSubscriptionItem({
    id: `si_${subject}`,
    subscription: `sub_${subject}`,
    price: aPrice(price === pro ? {} : { id: elite, product: 'prod_elite', unit_amount: 2999 }),
    current_period_start: periodStart,
    current_period_end: periodStart + period,
  });
}

function toSubscription(subject: number, state: State) {
  const id = `sub_${subject}`;
  const items = { ...aSubscription({ id }).items, data: [toItem(subject, state)] };
  return aSubscription({
    id,
    items,
    customer: `cus_${subject}`,
    cancel_at_period_end: state.willCancel,
    metadata: { user_id: userOf(subject), tier: '1', billing_cycle: 'monthly' },
  });
}

/**
 * As Stripe's `previous_attributes`: what was different before. Of an item only what billing reads; Stripe repeats it whole, which
 * would make these events 4.1 KB and a comparison with others' figures unfair.
 */
function differences(subject: number, before: State, now: State): object {
  const isSameItem = before.price === now.price && before.periodStart === now.periodStart;
  const { id, price, current_period_start, current_period_end } = toItem(subject, before);
  return {
    ...(before.willCancel !== now.willCancel && { cancel_at_period_end: before.willCancel }),
    ...(!isSameItem && {
      items: { data: [{ id, price: { id: price.id }, current_period_start, current_period_end }] },
    }),
  };
}
