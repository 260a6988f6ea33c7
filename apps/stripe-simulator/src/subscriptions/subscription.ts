import type Stripe from 'stripe';
import { aPlan } from '../catalogue/price.js';
import { newId } from '../world/ids.js';
import { periodEnd } from './period.js';

interface SubscriptionInput {
  customer: string;
  lines: { price: Stripe.Price; quantity: number }[];
  paymentMethod: string | null;
  metadata: Stripe.Metadata;
  description: string | null;
  trial: Trial | null;
  now: number;
}

export type MissingPaymentMethod = 'cancel' | 'create_invoice' | 'pause';
export interface Trial {
  end: number;
  /** What happens at its end if there is nothing to charge. */
  missingPaymentMethod: MissingPaymentMethod;
}

/** Flexible billing mode, which is the default for what Checkout creates. Periods are on the items since basil. */
export function aSubscription(input: SubscriptionInput): Stripe.Subscription {
  const { customer, paymentMethod, metadata, description, trial, now } = input;
  const id = newId('sub_');
  const items = input.lines.map((line) => anItem({ ...line, subscription: id, start: now, trialEnd: trial?.end }));
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    // The first paid period begins where the trial ends.
    billing_cycle_anchor: trial?.end ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: now },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: notCancelled,
    collection_method: 'charge_automatically',
    created: now,
    currency: 'usd',
    customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: paymentMethod,
    default_source: null,
    default_tax_rates: [],
    description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: { object: 'list', data: items, has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    latest_invoice: null,
    livemode: false,
    managed_payments: { enabled: false },
    metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: trial ? 'trialing' : 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: trial?.end ?? null,
    trial_settings: trialSettings(trial?.missingPaymentMethod ?? 'create_invoice'),
    trial_start: trial ? now : null,
  };
}

export const trialSettings = (missing: MissingPaymentMethod): Stripe.Subscription.TrialSettings => ({
  end_behavior: { billing_cycle_anchor: null, missing_payment_method: missing },
});

export const notCancelled: Stripe.Subscription.CancellationDetails = {
  comment: null,
  feedback: null,
  feedback_option: null,
  reason: null,
};

interface ItemInput {
  subscription: string;
  price: Stripe.Price;
  quantity: number;
  start: number;
  trialEnd?: number | undefined;
}
export const anItem = ({ subscription, price, quantity, start, trialEnd }: ItemInput): Stripe.SubscriptionItem => ({
  id: newId('si_'),
  object: 'subscription_item',
  billing_thresholds: null,
  created: start,
  current_period_end: trialEnd ?? periodEnd(start, start, price),
  current_period_start: start,
  current_trial: null,
  discounts: [],
  metadata: {},
  plan: aPlan(price),
  price,
  quantity,
  subscription,
  tax_rates: [],
});

export const withItems = (
  subscription: Stripe.Subscription,
  change: (item: Stripe.SubscriptionItem) => Stripe.SubscriptionItem,
): Stripe.Subscription => ({
  ...subscription,
  items: { ...subscription.items, data: subscription.items.data.map(change) },
});

/** With a scheduled end taken back. */
export const withoutEnd = (subscription: Stripe.Subscription): Stripe.Subscription => ({
  ...subscription,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancellation_details: notCancelled,
});

export const isLive = ({ status }: Stripe.Subscription) => status !== 'canceled' && status !== 'incomplete_expired';

export const isEnding = ({ cancel_at, cancel_at_period_end }: Stripe.Subscription) =>
  cancel_at_period_end || cancel_at !== null;

/** The end of the period that is paid for; of several items, the first to end. */
export const currentPeriodEnd = ({ items }: Stripe.Subscription) =>
  Math.min(...items.data.map((item) => item.current_period_end));
