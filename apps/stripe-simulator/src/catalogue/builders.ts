import Stripe from 'stripe';

interface ProductInput {
  id: string;
  name: string;
  created: number;
}
export const aProduct = ({ id, name, created }: ProductInput): Stripe.Product => ({
  id,
  object: 'product',
  active: true,
  created,
  default_price: null,
  description: `The ${name} plan`,
  images: [],
  livemode: false,
  marketing_features: [],
  metadata: {},
  name,
  package_dimensions: null,
  shippable: null,
  statement_descriptor: null,
  tax_code: null,
  tax_details: null,
  type: 'service',
  unit_label: null,
  updated: created,
  url: null,
});

interface PriceInput {
  id: string;
  product: string;
  lookupKey: string;
  /** In cents. */
  amount: number;
  interval: 'month' | 'year';
  created: number;
}
export const aPrice = ({ id, product, lookupKey, amount, interval, created }: PriceInput): Stripe.Price => ({
  id,
  object: 'price',
  active: true,
  billing_scheme: 'per_unit',
  created,
  currency: 'usd',
  custom_unit_amount: null,
  livemode: false,
  lookup_key: lookupKey,
  metadata: {},
  nickname: null,
  product,
  recurring: { interval, interval_count: 1, meter: null, trial_period_days: null, usage_type: 'licensed' },
  tax_behavior: 'unspecified',
  tiers_mode: null,
  transform_quantity: null,
  type: 'recurring',
  unit_amount: amount,
  unit_amount_decimal: Stripe.Decimal.from(amount),
});

/** The same price in its older form, which subscription items still carry. */
export const aPlan = (price: Stripe.Price): Stripe.Plan => ({
  id: price.id,
  object: 'plan',
  active: price.active,
  amount: price.unit_amount,
  amount_decimal: price.unit_amount_decimal,
  billing_scheme: price.billing_scheme,
  created: price.created,
  currency: price.currency,
  interval: price.recurring?.interval ?? 'month',
  interval_count: price.recurring?.interval_count ?? 1,
  livemode: false,
  metadata: price.metadata,
  meter: null,
  nickname: price.nickname,
  product: price.product,
  tiers_mode: null,
  transform_usage: null,
  trial_period_days: null,
  usage_type: 'licensed',
});

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
