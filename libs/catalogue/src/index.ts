/**
 * The plan catalogue of a running service: read from its settings, compared with Stripe at the start and again and again, and
 * remembered, so that no price that was ever sold loses its meaning. Gateway and subscription service share it.
 */
export { CatalogueConfig } from './config.js';
export { LiveCatalogue } from './live-catalogue.client.js';
export { PriceClient } from './price.client.js';
export { createPriceMemory, PriceMemory } from './price-memory.store.js';
