import type Stripe from 'stripe';
import { newId, newInvoicePrefix } from '../world/ids.js';

type CustomerInput = { created: number } & Partial<
  Pick<Stripe.Customer, 'email' | 'name' | 'phone' | 'description' | 'metadata'>
>;
export const aCustomer = ({ created, email, name, phone, description, metadata }: CustomerInput): Stripe.Customer => ({
  id: newId('cus_'),
  object: 'customer',
  address: null,
  balance: 0,
  created,
  currency: null,
  customer_account: null,
  default_source: null,
  delinquent: false,
  description: description ?? null,
  discount: null,
  email: email ?? null,
  invoice_prefix: newInvoicePrefix(),
  invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
  livemode: false,
  metadata: metadata ?? {},
  name: name ?? null,
  next_invoice_sequence: 1,
  phone: phone ?? null,
  preferred_locales: [],
  shipping: null,
  tax_exempt: 'none',
  test_clock: null,
});

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
