import { defaultGraceDays, planCatalogue } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { SubscriptionConfig } from './config.js';
import type { Rules } from './ledger/ledger.js';

/** What the rules are applied with, at the moment they are asked for. */
export class RulesSource {
  constructor(
    private readonly catalogue: PlanCatalogue,
    private readonly clock: () => Date = () => new Date(),
  ) {}

  now(): Rules {
    return { catalogue: this.catalogue, graceDays: defaultGraceDays, now: this.clock() };
  }
}

export function catalogueOf(config: SubscriptionConfig): PlanCatalogue {
  return planCatalogue({
    pro: { monthly: [config.STRIPE_PRO_MONTHLY_PRICE_ID], yearly: [config.STRIPE_PRO_YEARLY_PRICE_ID] },
    elite: { monthly: [config.STRIPE_ELITE_MONTHLY_PRICE_ID], yearly: [config.STRIPE_ELITE_YEARLY_PRICE_ID] },
  });
}
