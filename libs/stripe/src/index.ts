/** Stripe as the services use it: one configured client, its errors in our words, and proof that a delivery is Stripe's. */
export { StripeConfig } from './config.js';
export type { RequestPriority } from './request-budget.js';
export { RequestGate } from './request-gate.client.js';
export { verifySignature } from './signature.js';
export { createStripeClient } from './stripe.client.js';
export type { StripeClientOptions } from './stripe.client.js';
export { fromStripeError, isNoSuchObject, isNotPermitted } from './stripe-errors.js';
