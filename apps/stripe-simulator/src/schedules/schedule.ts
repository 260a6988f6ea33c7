import type Stripe from 'stripe';
import { invalid } from '../api/stripe-error.js';
import { isEnding } from '../subscriptions/subscription.js';
import { periodEnd } from '../subscriptions/period.js';
import { idOf, newId } from '../world/ids.js';

type Phase = Stripe.SubscriptionSchedule.Phase;

/** A schedule that takes over a subscription: one phase, which is the period it is in. */
export function scheduleFrom(subscription: Stripe.Subscription, now: number): Stripe.SubscriptionSchedule {
  const [item] = subscription.items.data;
  const [start, end] = [item?.current_period_start ?? now, item?.current_period_end ?? now];
  return {
    id: newId('sub_sched_'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: now },
    canceled_at: null,
    completed_at: null,
    created: now,
    current_phase: { start_date: start, end_date: end },
    customer: subscription.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: subscription.default_payment_method,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: isEnding(subscription) ? 'cancel' : 'release',
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases: [
      aPhase({
        start,
        end,
        items: subscription.items.data.map(({ price, quantity = 1 }) => ({ price, quantity })),
        proration: 'create_prorations',
      }),
    ],
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: subscription.id,
    test_clock: null,
  };
}

interface PhaseInput {
  start: number;
  end: number;
  items: { price: Stripe.Price; quantity: number }[];
  proration: 'always_invoice' | 'create_prorations' | 'none';
}

const aPhase = ({ start, end, items, proration }: PhaseInput): Phase => ({
  add_invoice_items: [],
  application_fee_percent: null,
  billing_cycle_anchor: null,
  billing_thresholds: null,
  collection_method: null,
  currency: 'usd',
  default_payment_method: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  end_date: end,
  invoice_settings: null,
  items: items.map(({ price, quantity }) => ({
    billing_thresholds: null,
    discounts: [],
    metadata: {},
    plan: price.id,
    price: price.id,
    quantity,
    tax_rates: [],
  })),
  metadata: {},
  on_behalf_of: null,
  proration_behavior: proration,
  start_date: start,
  transfer_data: null,
  trial_end: null,
});

export interface PhaseWish {
  items: { price: Stripe.Price; quantity: number }[];
  start?: number | undefined;
  end?: number | undefined;
  duration?: { interval: 'day' | 'week' | 'month' | 'year'; count: number } | undefined;
  proration: PhaseInput['proration'];
}

/** Each phase begins where the one before it ends; the one that runs keeps its start. */
export function phasesFrom(schedule: Stripe.SubscriptionSchedule, wishes: PhaseWish[]): Phase[] {
  const phases: Phase[] = [];
  let start = schedule.current_phase?.start_date ?? schedule.created;
  for (const [index, wish] of wishes.entries()) {
    const path = `phases[${index}]`;
    if (wish.start !== undefined && wish.start !== start) {
      throw invalid(
        `${path}[start_date]`,
        index === 0
          ? 'You can not modify the start date of the current phase.'
          : 'The start date of a phase must equal the end date of the one before it.',
      );
    }
    const end = endOfPhase(wish, start, path);
    if (end <= start) throw invalid(`${path}[end_date]`, 'The end date of a phase must be after its start date.');
    phases.push(aPhase({ start, end, items: wish.items, proration: wish.proration }));
    start = end;
  }
  return phases;
}

/** By date, by duration, or for one billing period. */
function endOfPhase({ end, duration, items }: PhaseWish, start: number, path: string): number {
  if (end !== undefined && duration !== undefined) {
    throw invalid(`${path}[duration]`, 'You may only specify one of these parameters: duration, end_date.');
  }
  if (end !== undefined) return end;
  const [first] = items;
  if (first === undefined)
    throw invalid(`${path}[items]`, `Missing required param: ${path}[items].`, 'parameter_missing');
  return duration === undefined ? periodEnd(start, start, first.price) : afterDuration(start, duration, first.price);
}

const day = 24 * 3600;

function afterDuration(start: number, duration: NonNullable<PhaseWish['duration']>, price: Stripe.Price): number {
  const { interval, count } = duration;
  if (interval === 'day') return start + count * day;
  if (interval === 'week') return start + count * 7 * day;
  const recurring = { ...(price.recurring ?? emptyRecurring), interval, interval_count: count };
  return periodEnd(start, start, { ...price, recurring });
}

const emptyRecurring = { meter: null, trial_period_days: null, usage_type: 'licensed' as const };

/** The phase that runs at `now`, if any does. */
export const phaseAt = ({ phases }: Stripe.SubscriptionSchedule, now: number): Phase | undefined =>
  phases.find((phase) => phase.start_date <= now && now < phase.end_date);

/** What a phase says about items, by price. */
export const wantedBy = ({ items }: Phase) =>
  items.map(({ price, quantity = 1 }) => ({ price: typeof price === 'string' ? price : price.id, quantity }));

export const isRunning = ({ status }: Stripe.SubscriptionSchedule) => status === 'active' || status === 'not_started';

type Ending = 'released' | 'canceled' | 'completed';

/** A schedule that has let go of its subscription, for whichever reason. */
export function ended(schedule: Stripe.SubscriptionSchedule, how: Ending, now: number): Stripe.SubscriptionSchedule {
  const over = { ...schedule, status: how, current_phase: null };
  switch (how) {
    case 'released':
      return { ...over, released_at: now, released_subscription: idOf(schedule.subscription), subscription: null };
    case 'canceled':
      return { ...over, canceled_at: now };
    case 'completed':
      return { ...over, completed_at: now };
    default:
      return how satisfies never;
  }
}
