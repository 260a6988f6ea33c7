import type Stripe from 'stripe';
import { newId } from '../world/ids.js';
import type { World } from '../world/world.js';

/** What a coupon takes off `subtotal`, in cents; never more than there is. */
export function reductionOf(coupon: Stripe.Coupon, subtotal: number): number {
  const off = coupon.amount_off ?? Math.round((subtotal * (coupon.percent_off ?? 0)) / 100);
  return Math.min(subtotal, off);
}

type PromotionResult =
  { ok: true; coupon: Stripe.Coupon; promotionCode: Stripe.PromotionCode } | { ok: false; message: string };

/** Looks a code up the way customers type it: upper and lower case are the same to Stripe. */
export function findPromotion(world: World, code: string): PromotionResult {
  const wanted = code.trim().toLowerCase();
  const promotionCode = [...world.promotionCodes.values()].find(
    (row) => row.active && row.code.toLowerCase() === wanted,
  );
  const couponId = promotionCode?.promotion.coupon;
  const coupon = typeof couponId === 'string' ? world.coupons.get(couponId) : undefined;
  if (!promotionCode || !coupon?.valid) return { ok: false, message: 'This code is invalid.' };
  return { ok: true, coupon, promotionCode };
}

interface Redemption {
  coupon: Stripe.Coupon;
  promotionCode: Stripe.PromotionCode | null;
  customer: string;
  subscription: string;
  checkoutSession: string;
}

/**
 * Since clovers the coupon is under `source`. A coupon for one time is spent on the first invoice and leaves no trace
 * on the subscription.
 */
export function redeem(world: World, input: Redemption): Stripe.Discount {
  const { coupon, promotionCode, customer, subscription, checkoutSession } = input;
  const discount: Stripe.Discount = {
    id: newId('di_'),
    object: 'discount',
    checkout_session: checkoutSession,
    customer,
    customer_account: null,
    end: null,
    invoice: null,
    invoice_item: null,
    promotion_code: promotionCode?.id ?? null,
    source: { coupon: coupon.id, type: 'coupon' },
    start: world.now(),
    subscription,
    subscription_item: null,
  };
  world.discounts.set(discount.id, discount);
  world.coupons.set(coupon.id, { ...coupon, times_redeemed: coupon.times_redeemed + 1 });
  if (promotionCode) {
    const redeemed = { ...promotionCode, times_redeemed: promotionCode.times_redeemed + 1 };
    world.promotionCodes.set(promotionCode.id, redeemed);
  }
  world.emit('customer.discount.created', discount);
  return discount;
}
