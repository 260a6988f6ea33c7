import type Stripe from 'stripe';
import type { MissingPaymentMethod } from '../subscriptions/subscription.js';
import { newCheckoutSessionId, newId } from '../world/ids.js';

/** What the subscription will be made with once the session is paid. */
export interface SubscriptionData {
  metadata: Stripe.Metadata;
  description: string | null;
  /** In days, or until a time; it begins when the session is completed. */
  trial: { days?: number | undefined; end?: number | undefined };
  missingPaymentMethod: MissingPaymentMethod;
}

interface SessionInput {
  mode: 'payment' | 'subscription';
  publicUrl: string;
  now: number;
  customer: Stripe.Customer | null;
  customerEmail: string | null;
  clientReferenceId: string | null;
  successUrl: string;
  cancelUrl: string | null;
  allowPromotionCodes: boolean;
  metadata: Stripe.Metadata;
  expiresAt: number;
  amount: number;
  /** What is due now: nothing before the end of a trial. */
  dueNow: number;
  paymentMethodCollection: 'always' | 'if_required';
}

/** An open, hosted session. `subscription` stays null until it is paid (since basil), as `payment_intent` does. */
export function aCheckoutSession(input: SessionInput): Stripe.Checkout.Session {
  const id = newCheckoutSessionId();
  return {
    ...emptySession,
    id,
    mode: input.mode,
    allow_promotion_codes: input.allowPromotionCodes || null,
    amount_subtotal: input.dueNow,
    amount_total: input.dueNow,
    cancel_url: input.cancelUrl,
    client_reference_id: input.clientReferenceId,
    created: input.now,
    customer: input.customer?.id ?? null,
    customer_creation: input.customer ? null : input.mode === 'payment' ? 'if_required' : 'always',
    customer_details: detailsOf(input.customer?.email ?? input.customerEmail),
    customer_email: input.customerEmail,
    expires_at: input.expiresAt,
    metadata: input.metadata,
    payment_method_collection: input.paymentMethodCollection,
    payment_method_types: input.mode === 'payment' ? ['card'] : ['card', 'us_bank_account'],
    success_url: input.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    url: `${input.publicUrl}/c/pay/${id}`,
  };
}

export const successUrl = ({ success_url, id }: Stripe.Checkout.Session) =>
  (success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', id);

export const detailsOf = (email: string | null): Stripe.Checkout.Session.CustomerDetails | null =>
  email === null
    ? null
    : {
        address: null,
        business_name: null,
        email,
        individual_name: null,
        name: null,
        phone: null,
        tax_exempt: 'none',
        tax_ids: null,
      };

const emptySession = {
  object: 'checkout.session',
  adaptive_pricing: null,
  after_expiration: null,
  allowed_payment_method_types: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency: 'usd',
  currency_conversion: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  customer_account: null,
  discounts: [],
  integration_identifier: null,
  invoice: null,
  invoice_creation: null,
  livemode: false,
  locale: null,
  managed_payments: { enabled: false },
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  payment_status: 'unpaid',
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open',
  submit_type: null,
  subscription: null,
  ui_mode: 'hosted_page',
  wallet_options: null,
} satisfies Partial<Stripe.Checkout.Session>;

interface LineInput {
  price: Stripe.Price;
  product: Stripe.Product;
  quantity: number;
}
export const aLineItem = ({ price, product, quantity }: LineInput): Stripe.LineItem => {
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: newId('li_'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: product.name,
    metadata: {},
    price,
    quantity,
  };
};
