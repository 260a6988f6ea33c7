import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

export interface CardInput {
  number: string;
  expMonth: number;
  expYear: number;
}
interface PaymentMethodInput {
  customer: Stripe.Customer;
  card: CardInput;
  created: number;
}
export const aPaymentMethod = ({ customer, card, created }: PaymentMethodInput): Stripe.PaymentMethod => ({
  id: newId('pm_'),
  object: 'payment_method',
  allow_redisplay: 'limited',
  billing_details: {
    address: { city: null, country: 'US', line1: null, line2: null, postal_code: null, state: null },
    email: customer.email,
    name: customer.name ?? null,
    phone: null,
    tax_id: null,
  },
  card: {
    brand: 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: 'visa',
    exp_month: card.expMonth,
    exp_year: card.expYear,
    // One card number, one fingerprint, whoever uses it.
    fingerprint: `simfp${card.number}`.slice(0, 16),
    funding: 'credit',
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: ['visa'], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  },
  created,
  customer: customer.id,
  customer_account: null,
  livemode: false,
  metadata: {},
  type: 'card',
});
