import { z } from 'zod';

/** 0 Free, 1 Pro, 2 Elite: the numbers the product has used since its first version. */
export const tierSchema = z.union([z.literal(0), z.literal(1), z.literal(2)]);
export type Tier = z.infer<typeof tierSchema>;

/** Indexed by tier. */
export const tierNames = ['free', 'pro', 'elite'] as const;
export type TierName = (typeof tierNames)[number];

export const billingCycleSchema = z.enum(['monthly', 'yearly']);
export type BillingCycle = z.infer<typeof billingCycleSchema>;

/** ISO 8601 in UTC, as `Date.prototype.toISOString` writes it. */
export const instantSchema = z.iso.datetime();

/** What a tier allows. `refresh_interval_seconds` is the shortest interval at which the product may refresh its data. */
export const entitlementsSchema = z.object({
  refresh_interval_seconds: z.int().positive(),
  alerts_limit: z.int().nonnegative(),
  email_alerts: z.boolean(),
  sms_alerts: z.boolean(),
  export_formats: z.array(z.enum(['csv', 'json'])),
});
export type Entitlements = z.infer<typeof entitlementsSchema>;

/**
 * One Stripe subscription as the rest of the product sees it. `status` is Stripe's own and open: a consumer needs a default.
 * `tier` and `billing_cycle` are null for a price that is not in the plan catalogue.
 */
export const subscriptionViewSchema = z.object({
  id: z.string(),
  customer_id: z.string(),
  price_id: z.string().nullable(),
  status: z.string(),
  tier: tierSchema.nullable(),
  billing_cycle: billingCycleSchema.nullable(),
  current_period_start: instantSchema.nullable(),
  current_period_end: instantSchema.nullable(),
  cancel_at_period_end: z.boolean(),
  cancel_at: instantSchema.nullable(),
  canceled_at: instantSchema.nullable(),
  trial_end: instantSchema.nullable(),
  /** In an account only: always null in the `before` and `after` of `billing.subscription.*`. */
  scheduled_change: z.object({ tier: tierSchema, billing_cycle: billingCycleSchema, at: instantSchema }).nullable(),
  is_active: z.boolean(),
  is_canceled: z.boolean(),
  will_renew: z.boolean(),
});
export type SubscriptionView = z.infer<typeof subscriptionViewSchema>;

/**
 * What only the customer can do before a payment goes through. `reason` is open: `payment_confirmation` (their bank asks them to
 * confirm it) and `payment_failed` so far. `url` is Stripe's page for the invoice, where both can be done; null where Stripe named
 * none.
 */
export const actionRequiredSchema = z.object({
  reason: z.string(),
  invoice_id: z.string(),
  url: z.string().nullable(),
});
export type ActionRequired = z.infer<typeof actionRequiredSchema>;

/**
 * A user's whole billing state, carried by every `billing.account.changed`. `version` only grows, so a consumer that applies
 * `>=` converges whatever the order, and republishing repairs. `as_of` is the newest Stripe time that went into it.
 */
export const accountSchema = z.object({
  user_id: z.string().min(1).max(255),
  tier: tierSchema,
  tier_name: z.enum(tierNames),
  entitlements: entitlementsSchema,
  subscription: subscriptionViewSchema.nullable(),
  /** About the subscription above. Absent in what a release without it wrote. */
  action_required: actionRequiredSchema.nullable().default(null),
  version: z.int().nonnegative(),
  as_of: instantSchema,
});
export type Account = z.infer<typeof accountSchema>;
