import { z } from 'zod';
import { flag, integer, metadata, params, text, unsettable } from '../api/params.js';
import { trialSettingsParams } from './trial-params.js';

const feedbacks = [
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
] as const;

export const cancellationDetails = params({ comment: text.optional(), feedback: z.enum(feedbacks).optional() });

/** Since endive the anchor is an object; `now` and a time as such are refused. */
export const billingCycleAnchor = params({ type: z.enum(['now', 'unchanged']) });
export const prorationBehavior = z.enum(['always_invoice', 'create_prorations', 'none']);

export const itemParams = params({
  id: text.optional(),
  price: text.optional(),
  quantity: integer
    .refine((count) => count >= 0, { error: 'This value must be greater than or equal to 0.' })
    .optional(),
  deleted: flag.optional(),
});
export type ItemInput = z.output<typeof itemParams>;

const trialEnd = z.union([z.literal('now'), integer]);

export const updateParams = params({
  billing_cycle_anchor: billingCycleAnchor.optional(),
  cancel_at: z.union([z.literal(''), integer]).optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: cancellationDetails.optional(),
  default_payment_method: text.optional(),
  description: unsettable.optional(),
  items: z.array(itemParams).min(1).max(20).optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  pause_collection: z
    .union([
      z.literal(''),
      params({ behavior: z.enum(['keep_as_draft', 'mark_uncollectible', 'void']), resumes_at: integer.optional() }),
    ])
    .optional(),
  payment_behavior: z
    .enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete'])
    .optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
  trial_end: trialEnd.optional(),
  trial_settings: trialSettingsParams.optional(),
});
export type UpdateInput = z.output<typeof updateParams>;

export const createParams = params({
  billing_mode: params({ type: z.enum(['flexible']) }).optional(),
  cancel_at_period_end: flag.optional(),
  collection_method: z.enum(['charge_automatically']).optional(),
  currency: z.enum(['usd']).optional(),
  customer: text,
  default_payment_method: text.optional(),
  description: text.max(500).optional(),
  items: z.array(itemParams).min(1).max(20),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  payment_settings: params({ save_default_payment_method: z.enum(['off', 'on_subscription']).optional() }).optional(),
  proration_behavior: prorationBehavior.optional(),
  trial_end: trialEnd.optional(),
  trial_period_days: integer.optional(),
  trial_settings: trialSettingsParams.optional(),
});
export type CreateInput = z.output<typeof createParams>;
