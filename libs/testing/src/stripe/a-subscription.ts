import type Stripe from 'stripe';
import { aPrice, planOf } from './a-price.js';
import { listOf, periodEnd, started } from './moments.js';

/** An item in its first month; its period is where Stripe has kept the subscription's period since 2025. */
export function aSubscriptionItem(overrides: Partial<Stripe.SubscriptionItem> = {}): Stripe.SubscriptionItem {
  const price = overrides.price ?? aPrice();
  return {
    id: 'si_1',
    object: 'subscription_item',
    billing_thresholds: null,
    created: started,
    current_period_end: periodEnd,
    current_period_start: started,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price),
    price,
    quantity: 1,
    subscription: 'sub_1',
    tax_rates: [],
    ...overrides,
  };
}

/** An active Pro subscription of user `user_1`, paid monthly. */
export function aSubscription(overrides: Partial<Stripe.Subscription> = {}): Stripe.Subscription {
  const id = overrides.id ?? 'sub_1';
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: started,
    billing_cycle_anchor_config: null,
    billing_mode: { type: 'flexible', flexible: { proration_discounts: 'included' } },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: started,
    currency: 'usd',
    customer: 'cus_1',
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      issuer: { type: 'self' },
      custom_fields: null,
      description: null,
      footer: null,
    },
    items: listOf([aSubscriptionItem({ subscription: id })], `/v1/subscription_items?subscription=${id}`),
    latest_invoice: 'in_1',
    livemode: false,
    managed_payments: null,
    metadata: { user_id: 'user_1', tier: '1', billing_cycle: 'monthly' },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: null,
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: started,
    status: 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' } },
    trial_start: null,
    ...overrides,
  };
}
