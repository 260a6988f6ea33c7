/**
 * The rules of billing, pure: what a Stripe object means, which of two snapshots is the newer, which tier a user has and why.
 * No I/O, no clock, no randomness: time and configuration come in as arguments.
 */
export { planCatalogue, planForPrice, planOf, plansOf, priceOnSale } from './plan-catalogue.js';
export type { Plan, PlanCatalogue, PlanPrice } from './plan-catalogue.js';
export { customerOf, toStripeFact } from './stripe-event.js';
export type { FetchedSubscription, LifecycleKind, StripeFact, SubscriptionEvent } from './stripe-event.js';
export { toSubscriptionSnapshot } from './subscription-snapshot.js';
export type { SubscriptionSnapshot } from './subscription-snapshot.js';
export type { CollectionPause } from './subscription-snapshot.js';
export type { CheckoutFacts } from './checkout-facts.js';
export type { InvoiceFacts, Period } from './invoice-facts.js';
export type { ChargeFacts, DisputeFacts, InvoicePaymentFacts, PaymentReference, RefundFacts } from './payment-facts.js';
export type { ScheduleFacts } from './schedule-facts.js';
export { toView } from './subscription-row.js';
export type { SubscriptionRow } from './subscription-row.js';
export { decide } from './decide.js';
export type { Decision } from './decide.js';
export { defaultGraceDays, tierFor } from './tier-policy.js';
export type { TierReason } from './tier-policy.js';
export { openAccount, reconsiderAccount, unopenedAccount } from './account.js';
