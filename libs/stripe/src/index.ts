/** Stripe as the services use it: one configured client, its errors in our words, and proof that a delivery is Stripe's. */
export { verifySignature } from './signature.js';
export type { SignatureInput, SignatureResult } from './signature.js';
export { createStripeClient, stripeApiVersion, stripeSettingProblems } from './stripe.client.js';
export type { StripeClientOptions } from './stripe.client.js';
export { fromStripeError } from './stripe-errors.js';
