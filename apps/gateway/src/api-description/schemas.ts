import { accountSchema, erasingServices, erasureReasonPattern } from '@billhook/contracts';
import { themes } from '@billhook/pages';
import { z } from 'zod';
import { portalFlows, returnPlaces } from '../manage/portal.client.js';
import { channels } from '../preferences/preferences.js';

/** The shapes of `/v1`, from which the description is written and which its specs hold the real answers to. */
const tier = z.union([z.literal(1), z.literal(2)]).describe('1 Pro, 2 Elite');
const billingCycle = z.enum(['monthly', 'yearly']);
const instant = z.iso.datetime().describe('ISO 8601, UTC');
const { entitlements } = accountSchema.shape;

export const planChoice = z.strictObject({ tier, billing_cycle: billingCycle });

export const account = accountSchema
  .extend({
    pending: z
      .strictObject({
        change: z.enum(['cancel_at_period_end', 'cancel_now', 'resume', 'change_now', 'change_at_period_end']),
        subscription_id: z.string(),
        tier: accountSchema.shape.tier
          .nullable()
          .describe('Of the plan that it leads to; null when it is not about the plan.'),
        billing_cycle: billingCycle.nullable(),
        ends_at: instant.nullable().describe('When access, or the plan that the account shows, ends by it.'),
        requested_at: instant,
        expires_at: instant,
      })
      .nullable()
      .describe('A change that Stripe has accepted and whose event has not come back yet; it never raises the tier.'),
  })
  .describe('version only grows; as_of is the newest time at Stripe that went into it.');

export const session = z.strictObject({ user_id: z.string(), expires_at: instant });

export const plans = z.strictObject({
  data: z.array(
    z.strictObject({
      tier: z.union([z.literal(0), z.literal(1), z.literal(2)]),
      name: z.string(),
      entitlements,
      trial_days: z.int().nonnegative().describe('Days before the first payment; 0 without a trial.'),
      prices: z.array(
        z.strictObject({
          billing_cycle: billingCycle,
          amount: z.int().describe("In the currency's minor unit."),
          currency: z.string(),
          saving: z.int().describe('What twelve months at the monthly price would cost more.'),
          on_sale: z.boolean(),
        }),
      ),
    }),
  ),
  stripe_publishable_key: z.string().nullable(),
});

export const payableSession = z.strictObject({ id: z.string(), url: z.url().describe("Stripe's payment page.") });

export const checkoutSession = z.strictObject({
  id: z.string(),
  state: z.enum(['active', 'confirming', 'action_needed', 'failed', 'unpaid', 'expired', 'past']),
  tier,
  billing_cycle: billingCycle,
  subscription_id: z.string().nullable(),
  url: z.string().nullable(),
});

const inMinorUnit = z.int().describe("In the currency's minor unit.");

export const changePreview = z.strictObject({
  tier,
  billing_cycle: billingCycle,
  takes_effect: z.enum(['now', 'period_end']),
  effective_at: instant.nullable().describe('When it is not now.'),
  proration_date: z.int().describe('Seconds since the epoch: names these figures when they are confirmed.'),
  currency: z.string(),
  due_now: inMinorUnit,
  credit: inMinorUnit.describe('What is left of the old price beyond the new one; it pays for the next invoices.'),
  lines: z.array(z.strictObject({ description: z.string(), amount: inMinorUnit })),
  renewal: z.strictObject({ amount: inMinorUnit, at: instant.nullable() }),
});

export const change = planChoice.extend({
  proration_date: z.int().nonnegative().describe('That of a preview of the same plan, an hour old at most.'),
});

export const portalChoice = z.strictObject({
  flow: z.enum(portalFlows).optional().describe('The one thing that it is opened for.'),
  return_to: z.enum(returnPlaces).optional().describe('Where it leads back to; the profile if it is left out.'),
});

export const portalSession = z.strictObject({ url: z.url().describe("Stripe's customer portal.") });

export const cancellation = z.strictObject({
  immediate: z.boolean().optional().describe("Now and without a refund; at the period's end if it is left out."),
});

export const resumption = z.strictObject({
  ends_pause: z
    .boolean()
    .optional()
    .describe('Charges for a new period; while that is not paid, the subscription stays paused.'),
});

export const preferences = z.strictObject({
  theme: z.enum(themes),
  notifications: z.strictObject({ email: z.boolean(), sms: z.boolean() }),
  alert_thresholds: z.strictObject({
    volume_multiple: z.number().min(1).max(1_000),
    minimum_volume: z.number().min(0).max(1e15),
  }),
});

export const preferencesInEffect = preferences.extend({
  available_channels: z.array(z.enum(channels)).describe('Those that the plan includes.'),
});

export const userEntitlements = accountSchema
  .pick({ user_id: true, tier: true, tier_name: true, entitlements: true, version: true })
  .extend({ as_of: instant.describe('Until when everything that was announced is in this answer.') });

export const erasureOrder = z.strictObject({
  reason: z.string().regex(erasureReasonPattern).describe('A ticket or the like: it stays in the trail for good.'),
});

const counts = z.record(z.string(), z.int().nonnegative());

export const erasure = z.strictObject({
  user_id: z.string(),
  request_id: z.uuid(),
  reason: z.string(),
  requested_by: z.string(),
  requested_at: instant,
  state: z.enum(['ending_billing', 'erasing', 'complete']),
  waiting_for: z.array(z.enum(['stripe', ...erasingServices])),
  takes_long: z.boolean().describe('For more than a quarter of an hour, where seconds are usual.'),
  failed_tries: z.int().nonnegative().describe('Of the step in hand.'),
  last_error: z.string().nullable(),
  next_try_at: instant.nullable(),
  billing_ended_at: instant.nullable().describe('From then on nothing can be charged.'),
  services: z.array(
    z.strictObject({ service: z.enum(erasingServices), completed_at: instant.nullable(), counts: counts.nullable() }),
  ),
  completed_at: instant.nullable(),
});

export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable: what programs decide by.'),
  detail: z.string().optional(),
  cure: z.string().describe('What to do about it.'),
  request_id: z.string().optional(),
});
