/**
 * The words the services share: event names, the envelope every event travels in, a schema and a golden sample per event.
 * Pure: nothing here does I/O, and nothing but zod is imported.
 */
export { accountSchema, entitlementsSchema, tierNames } from './account.js';
export type {
  Account,
  ActionRequired,
  BillingCycle,
  Entitlements,
  SubscriptionView,
  Tier,
  TierName,
} from './account.js';
export { attributesSchema, fromHeaders, toHeaders } from './envelope.js';
export type { EventAttributes } from './envelope.js';
export {
  domainEvents,
  erasingServices,
  erasureReasonSchema,
  isDomainEventType,
  parseDomainEvent,
} from './domain-events.js';
export type { DomainEvent, DomainEventType, ErasingService, EventData } from './domain-events.js';
export { samples } from './samples.js';
