import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

export interface CardInput {
  number: string;
  expMonth: number;
  expYear: number;
}

interface MethodInput {
  /** Whose it is; null for one that is used once. */
  customer: Stripe.Customer | null;
  created: number;
}

const aMethod = ({ customer, created }: MethodInput) =>
  ({
    id: newId('pm_'),
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: {
      address: { city: null, country: 'US', line1: null, line2: null, postal_code: null, state: null },
      email: customer?.email ?? null,
      name: customer?.name ?? null,
      phone: null,
      tax_id: null,
    },
    created,
    customer: customer?.id ?? null,
    customer_account: null,
    livemode: false,
    metadata: {},
  }) satisfies Partial<Stripe.PaymentMethod>;

export const aCardMethod = ({ card, ...input }: MethodInput & { card: CardInput }): Stripe.PaymentMethod => ({
  ...aMethod(input),
  type: 'card',
  card: {
    brand: 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: 'visa',
    exp_month: card.expMonth,
    exp_year: card.expYear,
    // One card number, one fingerprint, whoever uses it.
    fingerprint: `simfp${card.number.slice(-11)}`,
    funding: 'credit',
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: ['visa'], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  },
});

export const aBankMethod = ({ number, ...input }: MethodInput & { number: string }): Stripe.PaymentMethod => ({
  ...aMethod(input),
  type: 'us_bank_account',
  us_bank_account: {
    account_holder_type: 'individual',
    account_type: 'checking',
    bank_name: 'TEST BANK',
    financial_connections_account: null,
    fingerprint: `simfp${number.slice(-11)}`,
    last4: number.slice(-4),
    networks: { preferred: 'ach', supported: ['ach'] },
    routing_number: '110000000',
    status_details: null,
  },
});

/** What a saved method is told by: of a card or an account only the last digits are kept. */
export const lastFourOf = ({ card, us_bank_account: bank }: Stripe.PaymentMethod) => ({
  lastFour: bank ? bank.last4 : card?.last4,
  isBankDebit: bank !== undefined,
});
