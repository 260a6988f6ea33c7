import type Stripe from 'stripe';

interface CouponInput {
  id: string;
  name: string;
  percentOff: number;
  created: number;
}
export const aCoupon = ({ id, name, percentOff, created }: CouponInput): Stripe.Coupon => ({
  id,
  object: 'coupon',
  amount_off: null,
  created,
  currency: null,
  duration: 'once',
  duration_in_months: null,
  livemode: false,
  max_redemptions: null,
  metadata: {},
  name,
  percent_off: percentOff,
  redeem_by: null,
  times_redeemed: 0,
  valid: true,
});

interface PromotionCodeInput {
  id: string;
  code: string;
  coupon: string;
  created: number;
}
export const aPromotionCode = ({ id, code, coupon, created }: PromotionCodeInput): Stripe.PromotionCode => ({
  id,
  object: 'promotion_code',
  active: true,
  code,
  created,
  customer: null,
  customer_account: null,
  expires_at: null,
  livemode: false,
  max_redemptions: null,
  metadata: {},
  promotion: { coupon, type: 'coupon' },
  restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
  times_redeemed: 0,
});
