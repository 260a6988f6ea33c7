import type { ErrorEntry } from './error-entry.js';

/** What a question about plans, subscriptions and payments can meet, and what Stripe can answer to it. */
export const billingErrors = {
  tier_unknown: { status: 400, title: 'There is no such tier', cure: 'Use tier 1 (Pro) or 2 (Elite).' },
  billing_cycle_unknown: {
    status: 400,
    title: 'There is no such billing cycle',
    cure: 'Use billing_cycle monthly or yearly.',
  },
  plan_not_on_sale: {
    status: 503,
    title: 'This plan cannot be bought right now',
    cure: 'Try again later. The operator reads under catalogue in /health/ready what is wrong with its price.',
  },
  price_gone: {
    status: 409,
    title: 'Stripe does not sell this plan at its price any more',
    cure: 'Choose another plan, or wait until the operator has set the new price; nothing was bought.',
  },
  already_subscribed: {
    status: 409,
    title: 'This plan is already active',
    cure: 'Nothing to do; GET /profile shows the plan.',
  },
  subscription_exists: {
    status: 409,
    title: 'There is a live subscription on another plan',
    cure: 'Change the plan from the profile instead of buying a second one.',
  },
  no_subscription: {
    status: 409,
    title: 'There is no subscription this could apply to',
    cure: 'Choose a plan at GET /pricing first.',
  },
  customer_of_another_user: {
    status: 409,
    title: 'The Stripe customer belongs to another user',
    cure: 'Check the customer in Stripe; a customer is never given from one user to another here.',
  },
  payment_overdue: {
    status: 409,
    title: 'The last payment has not gone through',
    cure: 'Pay the open invoice or change the card (POST /v1/portal-sessions), then change the plan.',
  },
  subscription_paused: {
    status: 409,
    title: 'The subscription is paused',
    cure: 'Let it go on first (POST /v1/portal-sessions), then change the plan.',
  },
  subscription_incomplete: {
    status: 409,
    title: 'The first payment is not complete',
    cure: 'Complete it first (POST /v1/portal-sessions), or cancel and choose a plan again.',
  },
  subscription_ending: {
    status: 409,
    title: 'The subscription is about to end',
    cure: 'Take the cancellation back first (POST /v1/subscription/resume), then change the plan.',
  },
  change_scheduled: {
    status: 409,
    title: 'Another change is scheduled already',
    cure: 'Take it back first (POST /v1/subscription/resume), then choose again.',
  },
  preview_expired: {
    status: 409,
    title: 'The preview is not valid any more',
    cure: 'Ask for a new one (POST /v1/subscription/change-preview): its amounts are what will be charged.',
  },
  payment_required: {
    status: 402,
    title: 'The payment did not go through, and the plan is as it was',
    cure: 'Pay at payment_url before payment_until, or change the card (POST /v1/portal-sessions) and ask again.',
  },
  payment_in_progress: {
    status: 409,
    title: 'Another checkout of this account is being paid',
    cure: 'Nothing was bought a second time. Wait for the payment to be confirmed; GET /v1/account shows it.',
  },
  streams_exhausted: {
    status: 429,
    title: 'Too many live streams of one account',
    cure: 'Close other tabs, or ask GET /v1/account every few seconds instead.',
  },
  busy: {
    status: 409,
    title: 'Another request for the same account is still at work',
    cure: 'Wait for the other tab or request to finish, then try again.',
  },
  reconcile_under_way: {
    status: 409,
    title: 'A run of this kind has not ended yet',
    cure: 'Follow the one that detail names: GET /v1/reconcile/:id.',
  },
  stripe_refused: { status: 502, title: 'Stripe refused the request', cure: 'See detail; nothing was changed.' },
  stripe_mode_mismatch: {
    status: 502,
    title: 'Stripe knows this only in its other mode',
    cure: 'STRIPE_SECRET_KEY and what is stored here are of different modes (test and live); nothing was changed.',
  },
  stripe_unavailable: {
    status: 502,
    title: 'Stripe did not answer properly',
    cure: 'Try again in a minute; a repeated request does not charge twice.',
  },
  stripe_timeout: {
    status: 504,
    title: 'Stripe did not answer in time',
    cure: 'Try again in a minute; a repeated request does not charge twice.',
  },
} as const satisfies Record<string, ErrorEntry>;
