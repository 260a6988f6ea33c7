import type Stripe from 'stripe';
import { started } from './moments.js';

/** The Stripe customer of user `user_1`. */
export function aCustomer(overrides: Partial<Stripe.Customer> = {}): Stripe.Customer {
  return {
    id: 'cus_1',
    object: 'customer',
    address: null,
    balance: 0,
    created: started,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    email: 'user@example.test',
    invoice_prefix: 'TEST0001',
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: { user_id: 'user_1' },
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
    ...overrides,
  };
}
