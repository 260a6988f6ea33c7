import type { CatalogueSettings, PriceSetting } from '@billhook/billing';
import { CommaSeparated } from '@billhook/runtime';
import { StripeConfig } from '@billhook/stripe';
import { applyDecorators } from '@nestjs/common';
import { IsOptional, Matches } from 'class-validator';
import { IsPlanFile, termsIn } from './plan.file.js';

/** Lookup keys are free text at Stripe; white space and commas in one would end it here. */
const onSale = /^((price|plan)_[A-Za-z0-9_]+|lookup:[^\s,]{1,200})$/;
/** Prices from before 2020 are plans, whose ids their owner chose; other objects' ids are none of them. */
const honoured = /^(?!(prod|cus|sub|si|acct|coupon|promo|sk|pk|rk|whsec)_)[^\s,]{1,255}$/;

const PriceOnSale = (): PropertyDecorator =>
  applyDecorators(
    Matches(onSale, { message: '$property must be a price’s id (price_…), or lookup: and its lookup key' }),
  );

const PricesHonoured = (): PropertyDecorator =>
  applyDecorators(
    CommaSeparated(),
    Matches(honoured, {
      each: true,
      message: '$property must list the ids of prices (price_…), or lookup: and their lookup keys, with commas between',
    }),
  );

/** For services that know the plans by their prices. */
export class CatalogueConfig extends StripeConfig {
  @PriceOnSale()
  STRIPE_PRO_MONTHLY_PRICE_ID: string;

  @PriceOnSale()
  STRIPE_PRO_YEARLY_PRICE_ID: string;

  @PriceOnSale()
  STRIPE_ELITE_MONTHLY_PRICE_ID: string;

  @PriceOnSale()
  STRIPE_ELITE_YEARLY_PRICE_ID: string;

  /** Not sold any more; who has one keeps Pro. */
  @PricesHonoured()
  STRIPE_PRO_LEGACY_PRICE_IDS: string[] = [];

  /** Not sold any more; who has one keeps Elite. */
  @PricesHonoured()
  STRIPE_ELITE_LEGACY_PRICE_IDS: string[] = [];

  /** Amounts, entitlements and trials, where they are not the seed's. */
  @IsOptional()
  @IsPlanFile()
  PLAN_CATALOGUE_FILE?: string;

  catalogueSettings(): CatalogueSettings {
    return { prices: this.prices(), terms: termsIn(this.PLAN_CATALOGUE_FILE) };
  }

  private prices(): PriceSetting[] {
    const sold = [
      { setting: 'STRIPE_PRO_MONTHLY_PRICE_ID', tier: 1, billingCycle: 'monthly' },
      { setting: 'STRIPE_PRO_YEARLY_PRICE_ID', tier: 1, billingCycle: 'yearly' },
      { setting: 'STRIPE_ELITE_MONTHLY_PRICE_ID', tier: 2, billingCycle: 'monthly' },
      { setting: 'STRIPE_ELITE_YEARLY_PRICE_ID', tier: 2, billingCycle: 'yearly' },
    ] as const;
    const legacy = [
      { setting: 'STRIPE_PRO_LEGACY_PRICE_IDS', tier: 1 },
      { setting: 'STRIPE_ELITE_LEGACY_PRICE_IDS', tier: 2 },
    ] as const;
    return [
      ...sold.map((price) => ({ ...price, reference: this[price.setting] })),
      ...legacy.flatMap((price) =>
        this[price.setting].map((reference) => ({ ...price, reference, billingCycle: null })),
      ),
    ];
  }
}
