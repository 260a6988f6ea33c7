/**
 * The rules of billing, pure: what a Stripe object means, which of two snapshots is the newer, which tier a user has and why.
 * No I/O, no clock, no randomness: time and configuration come in as arguments.
 */
export { planCatalogue, planForPrice, planOf, plansOf, priceOnSale } from './plan-catalogue.js';
export type { Plan, PlanCatalogue, PlanLookup, PlanPrice, PriceIds } from './plan-catalogue.js';
export type { Reading } from './json-reader.js';
export { customerOf, toStripeFact } from './stripe-event.js';
export type {
  AnnouncedSubscription,
  FetchedSubscription,
  LifecycleKind,
  StripeFact,
  SubscriptionEvent,
} from './stripe-event.js';
export { toSubscriptionSnapshot } from './subscription-snapshot.js';
export type { SnapshotItem, SubscriptionSnapshot } from './subscription-snapshot.js';
export { toInvoiceFacts } from './invoice-facts.js';
export type { InvoiceFacts } from './invoice-facts.js';
export { toCheckoutFacts } from './checkout-facts.js';
export type { CheckoutFacts } from './checkout-facts.js';
export type { SnapshotOrder } from './snapshot-order.js';
export { isScheduledToEnd, scheduledEnd, toView } from './subscription-row.js';
export type { PastDue, RowContext, SubscriptionRow } from './subscription-row.js';
export { isTerminal, meaningOf } from './subscription-status.js';
export type { StatusMeaning } from './subscription-status.js';
export { decide } from './decide.js';
export type { Decision } from './decide.js';
export { defaultGraceDays, tierFor } from './tier-policy.js';
export type { TierDecision, TierQuestion, TierReason } from './tier-policy.js';
export { accountFor, openAccount, reconsiderAccount, shownSubscription, unopenedAccount } from './account.js';
export type { AccountQuestion, Circumstances } from './account.js';
