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
