import type Stripe from 'stripe';
import { newId } from '../world/ids.js';
import type { Verdict } from './verdict.js';

interface IntentInput {
  amount: number;
  currency: string;
  customer: string | null;
  created: number;
}

/** What an invoice is paid with: made when it is finalised, one per invoice. */
export function aPaymentIntent({ amount, currency, customer, created }: IntentInput): Stripe.PaymentIntent {
  const id = newId('pi_');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_made_up`,
    confirmation_method: 'automatic',
    created,
    currency,
    customer,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: 'off_session',
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}

interface Presented {
  method: string | null;
  verdict: Verdict;
  charge: string | null;
}

/** The intent after a payment method was presented. */
export function presented(intent: Stripe.PaymentIntent, { method, verdict, charge }: Presented): Stripe.PaymentIntent {
  const tried: Stripe.PaymentIntent = {
    ...intent,
    payment_method: method,
    latest_charge: charge ?? intent.latest_charge,
    last_payment_error: null,
    next_action: null,
  };
  switch (verdict.kind) {
    case 'paid':
      return { ...tried, status: 'succeeded', amount_received: intent.amount };
    case 'processing':
      return { ...tried, status: 'processing', payment_method_types: ['us_bank_account'] };
    case 'action_required':
      return { ...tried, status: 'requires_action', next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} } };
    case 'declined':
      return {
        ...tried,
        status: 'requires_payment_method',
        payment_method: null,
        last_payment_error: {
          type: 'card_error',
          code: verdict.declineCode === 'authentication_required' ? 'authentication_required' : 'card_declined',
          decline_code: verdict.declineCode,
          message: verdict.message,
        },
      };
    default:
      return verdict satisfies never;
  }
}
