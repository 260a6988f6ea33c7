import type Stripe from 'stripe';
import { periodEnd, started } from './moments.js';

const month = periodEnd - started;

/** The first month's, unless it is said otherwise. */
export function aSchedulePhase(
  priceId: string,
  overrides: Partial<Stripe.SubscriptionSchedule.Phase> = {},
): Stripe.SubscriptionSchedule.Phase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: 'usd',
    default_payment_method: null,
    description: null,
    discounts: [],
    end_date: periodEnd,
    invoice_settings: null,
    items: [{ billing_thresholds: null, discounts: [], metadata: {}, plan: priceId, price: priceId, quantity: 1 }],
    metadata: {},
    on_behalf_of: null,
    proration_behavior: 'none',
    start_date: started,
    transfer_data: null,
    trial_end: null,
    ...overrides,
  };
}

/** A schedule of a phase of thirty days for each price; the first one runs. */
export function aSubscriptionSchedule(
  priceIds: readonly string[],
  overrides: Partial<Stripe.SubscriptionSchedule> = {},
): Stripe.SubscriptionSchedule {
  const phases = priceIds.map((priceId, index) => {
    const start = started + index * month;
    return aSchedulePhase(priceId, { start_date: start, end_date: start + month });
  });
  return {
    id: 'sub_sched_1',
    object: 'subscription_schedule',
    application: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: started },
    canceled_at: null,
    completed_at: null,
    created: started,
    current_phase: { start_date: started, end_date: periodEnd },
    customer: 'cus_1',
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
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
    end_behavior: 'release',
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases,
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: 'sub_1',
    test_clock: null,
    ...overrides,
  };
}
