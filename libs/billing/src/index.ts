/**
 * The rules of billing, pure: what a Stripe object means, which of two snapshots is the newer, which tier a user has and why.
 * No I/O, no clock, no randomness: time and configuration come in as arguments.
 */
export { planCatalogue, planForPrice, planOf, plansOf, priceOnSale, seedTerms } from './plan-catalogue.js';
export type { Plan, PlanCatalogue, PlanPrice, Terms } from './plan-catalogue.js';
export { catalogueFor, nothingKnown, pricesToRemember } from './catalogue-settings.js';
export type { CatalogueSettings, PriceKnowledge, PriceSetting, RememberedPrice } from './catalogue-settings.js';
export { describeProblem, priceProblemCodes, priceProblems } from './price-check.js';
export type { PriceProblem } from './price-check.js';
export { lookupKeyIn } from './price-facts.js';
export type { PriceFacts } from './price-facts.js';
export { customerOf, toStripeFact } from './stripe-event.js';
export type { StripeFact } from './stripe-event.js';
export { toFetchedSubscription, unpaidSince } from './fetched-subscription.js';
export type { FetchedSubscription, LifecycleKind, SubscriptionEvent } from './subscription-event.js';
export { toSubscriptionSnapshot } from './subscription-snapshot.js';
export type { CollectionPause, SubscriptionSnapshot } from './subscription-snapshot.js';
export type { CheckoutFacts } from './checkout-facts.js';
export type { InvoiceFacts, Period } from './invoice-facts.js';
export type { ChargeFacts, DisputeFacts, InvoicePaymentFacts, PaymentReference, RefundFacts } from './payment-facts.js';
export type { ScheduleFacts } from './schedule-facts.js';
export { toView } from './subscription-row.js';
export type { SubscriptionRow, Understood } from './subscription-row.js';
export { differencesFrom } from './drift.js';
export type { Difference } from './drift.js';
export { concernsBilling } from './event-types.js';
export { fingerprint } from './snapshot-order.js';
export { decide } from './decide.js';
export type { Decision } from './decide.js';
export type { Evidence } from './evidence.js';
export { keyOf, linksOf, newerObject, toEvidence } from './stripe-object.js';
export type { StripeObject } from './stripe-object.js';
export { objectsOf } from './objects-of.js';
export { returnsToTell } from './returned-money.js';
export { defaultGraceDays } from './grace.js';
export type { GraceDays } from './grace.js';
export { whyNotUnderstood } from './understood.js';
export type { NotUnderstood } from './understood.js';
export { tierFor } from './tier-policy.js';
export type { TierDecision, TierQuestion, TierReason } from './tier-policy.js';
export { explainTier } from './explain-tier.js';
export type { Outlook, TierExplanation } from './explain-tier.js';
export { isTerminal } from './subscription-status.js';
export { duplicatesAmong } from './duplicate-subscriptions.js';
export { nextLook } from './next-look.js';
export type { LookReason, NextLook } from './next-look.js';
export { openAccount, reconsiderAccount, unopenedAccount } from './account.js';
