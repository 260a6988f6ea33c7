/** Under what the plan catalogue is injected: it is a value of libs/billing, not a class of Nest's. */
export const planCatalogueToken = Symbol('PlanCatalogue');
