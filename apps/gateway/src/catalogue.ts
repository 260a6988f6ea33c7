import { planCatalogue } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { GatewayConfig } from './config.js';

export const planCatalogueToken = Symbol('PlanCatalogue');

export function catalogueOf(config: GatewayConfig): PlanCatalogue {
  return planCatalogue({
    pro: { monthly: [config.STRIPE_PRO_MONTHLY_PRICE_ID], yearly: [config.STRIPE_PRO_YEARLY_PRICE_ID] },
    elite: { monthly: [config.STRIPE_ELITE_MONTHLY_PRICE_ID], yearly: [config.STRIPE_ELITE_YEARLY_PRICE_ID] },
  });
}
