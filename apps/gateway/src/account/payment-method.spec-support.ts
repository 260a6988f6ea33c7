import type Stripe from 'stripe';

export function aCard(overrides: Partial<Stripe.PaymentMethod.Card> = {}): Stripe.PaymentMethod.Card {
  return {
    brand: 'visa',
    checks: null,
    country: 'US',
    display_brand: 'visa',
    exp_month: 12,
    exp_year: 2034,
    fingerprint: null,
    funding: 'credit',
    generated_from: null,
    last4: '4242',
    networks: null,
    regulated_status: null,
    three_d_secure_usage: null,
    wallet: null,
    ...overrides,
  };
}

export function aMethod(card: Stripe.PaymentMethod.Card): Stripe.PaymentMethod {
  return {
    id: 'pm_1',
    object: 'payment_method',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card,
    created: 0,
    customer: 'cus_1',
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}
