import { aCoupon, aPromotionCode } from '../catalogue/coupon.js';
import { aPrice } from '../catalogue/price.js';
import { aProduct } from '../catalogue/product.js';
import type { World } from './world.js';

export interface PriceIds {
  proMonthly: string;
  proYearly: string;
  eliteMonthly: string;
  eliteYearly: string;
}

/** The four plans that are for sale, in cents, and one code for 20 % off the first invoice. */
export function seed(world: World, ids: PriceIds): void {
  const created = world.now();
  for (const [id, name] of [
    ['prod_pro', 'Pro'],
    ['prod_elite', 'Elite'],
  ] as const) {
    world.products.set(id, aProduct({ id, name, created }));
  }
  const plans = [
    { id: ids.proMonthly, product: 'prod_pro', lookupKey: 'pro_monthly', amount: 999, interval: 'month' },
    { id: ids.proYearly, product: 'prod_pro', lookupKey: 'pro_yearly', amount: 9900, interval: 'year' },
    { id: ids.eliteMonthly, product: 'prod_elite', lookupKey: 'elite_monthly', amount: 2999, interval: 'month' },
    { id: ids.eliteYearly, product: 'prod_elite', lookupKey: 'elite_yearly', amount: 29900, interval: 'year' },
  ] as const;
  for (const plan of plans) world.prices.set(plan.id, aPrice({ ...plan, created }));
  world.coupons.set('welcome20', aCoupon({ id: 'welcome20', name: 'Welcome: 20% off', percentOff: 20, created }));
  world.promotionCodes.set(
    'promo_welcome20',
    aPromotionCode({ id: 'promo_welcome20', code: 'WELCOME20', coupon: 'welcome20', created }),
  );
}
