// For specs, end-to-end tests, the benchmark and the demo only: real PostgreSQL and RabbitMQ wherever they come from,
// builders of Stripe objects, signed Stripe events.
export {
  startInfrastructure,
  type Infrastructure,
  type InfrastructureOptions,
} from './infrastructure/infrastructure.js';
export { freePort, freePortPair, isPortFree } from './infrastructure/ports.client.js';
export { lastLines } from './infrastructure/log-file.js';
export { projectFile } from './infrastructure/project.js';
export { ended, startReaper, type KeptProcessOptions, type Reaper } from './infrastructure/reaper.process.js';
export { waitFor } from './wait-for.js';
export { createTestDatabase, type TestDatabase } from './test-database.store.js';
export { startCableProxy, type CableProxy } from './broker-proxy.client.js';
export { createTestBroker, type TestBroker } from './test-broker.client.js';
export { tapEvents, type EventTap, type TappedEvent } from './tap-events.client.js';
export { signStripe } from './sign-stripe.js';
export { startTestIdentityProvider, type TestIdentityProvider } from './test-identity-provider.client.js';
export { aCheckoutSession } from './stripe/a-checkout-session.js';
export { aCustomer } from './stripe/a-customer.js';
export { anInvoice, anInvoiceLine, subscriptionParent } from './stripe/an-invoice.js';
export { aPrice } from './stripe/a-price.js';
export { aStripeEvent, type StripeEventBody, type StripeEventOverrides } from './stripe/a-stripe-event.js';
export { aSubscription, aSubscriptionItem } from './stripe/a-subscription.js';
export { periodEnd, started } from './stripe/moments.js';
export { createVirtualHost, deleteVirtualHost, inVirtualHost } from './infrastructure/virtual-hosts.client.js';
export { endWithParent } from './infrastructure/parent.process.js';
export { infrastructureOfThisRun } from './jest/infrastructure-of-this-run.js';
