import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

interface ChargeInput {
  intent: Stripe.PaymentIntent;
  method: Stripe.PaymentMethod;
  created: number;
  /** null: it went through. */
  failure: { code: string; message: string } | null;
}

/** One attempt to move money. Since basil it does not know its invoice: that is found by its payment intent. */
export const aCharge = ({ intent, method, created, failure }: ChargeInput): Stripe.Charge => ({
  id: newId('ch_'),
  object: 'charge',
  amount: intent.amount,
  amount_captured: failure ? 0 : intent.amount,
  amount_refunded: 0,
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: failure ? null : newId('txn_'),
  billing_details: method.billing_details,
  calculated_statement_descriptor: 'STRIPE SIMULATOR',
  captured: failure === null,
  created,
  currency: intent.currency,
  customer: intent.customer,
  description: null,
  disputed: false,
  failure_balance_transaction: null,
  failure_code: failure?.code ?? null,
  failure_message: failure?.message ?? null,
  fraud_details: {},
  livemode: false,
  metadata: {},
  on_behalf_of: null,
  outcome: {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: failure ? 'declined_by_network' : 'approved_by_network',
    reason: failure?.code ?? null,
    risk_level: 'normal',
    seller_message: failure ? 'The bank did not return any further details.' : 'Payment complete.',
    type: failure ? 'issuer_declined' : 'authorized',
  },
  paid: failure === null,
  payment_intent: intent.id,
  payment_method: method.id,
  payment_method_details: { type: method.type },
  receipt_email: null,
  receipt_number: null,
  receipt_url: null,
  refunded: false,
  review: null,
  shipping: null,
  source: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: failure ? 'failed' : 'succeeded',
  transfer_data: null,
  transfer_group: null,
});
