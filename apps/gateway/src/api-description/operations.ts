import type { ErrorCode } from '@billhook/runtime';
import type { z } from 'zod';
import * as shapes from './schemas.js';

/** What can be asked of one route of `/v1`. */
export interface Operation {
  summary: string;
  /** What comes in its body, if anything must. */
  body?: z.ZodType;
  /** The status of success, with what it carries. */
  status: number;
  answer?: z.ZodType;
  /** The answer is a stream of server-sent events, and each event's data is what `answer` describes. */
  isStream?: boolean;
  /** Further statuses that are no errors. */
  also?: Record<number, string>;
  /** The codes of its own; those of signing in, of limits and of our surroundings come on top. */
  refusals?: ErrorCode[];
}

const stripe: ErrorCode[] = ['busy', 'stripe_refused', 'stripe_mode_mismatch', 'stripe_unavailable', 'stripe_timeout'];

/** What keeps a plan from being changed just now. */
const unchangeable: ErrorCode[] = [
  'no_subscription',
  'plan_not_on_sale',
  'already_subscribed',
  'change_scheduled',
  'payment_overdue',
  'subscription_ending',
  'subscription_incomplete',
  'subscription_paused',
];

/** By method and path as the routes are declared. A spec holds this table equal to the routes. */
export const operations: Readonly<Record<string, Operation>> = {
  'POST /v1/session': {
    summary: 'Turns the bearer token of this request into the session cookie that pages need.',
    status: 201,
    answer: shapes.session,
    refusals: ['request_invalid'],
  },
  'DELETE /v1/session': {
    summary: 'Signs out: takes the session cookie back.',
    status: 204,
    refusals: ['origin_not_allowed'],
  },
  'GET /v1/plans': { summary: 'What can be bought.', status: 200, answer: shapes.plans },
  'GET /v1/account': {
    summary: 'The signed-in user: tier, entitlements, subscription.',
    status: 200,
    answer: shapes.account,
  },
  'GET /v1/account/events': {
    summary: 'The same as server-sent events named account, at once and at every change; goes on from Last-Event-ID.',
    status: 200,
    answer: shapes.account,
    isStream: true,
    refusals: ['streams_exhausted', 'shutting_down'],
  },
  'POST /v1/checkout-sessions': {
    summary: 'Opens a payment page at Stripe, or leads to the one that is open for the same plan.',
    body: shapes.planChoice,
    status: 201,
    answer: shapes.payableSession,
    refusals: [
      'request_invalid',
      'tier_unknown',
      'billing_cycle_unknown',
      'plan_not_on_sale',
      'already_subscribed',
      'subscription_exists',
      'payment_in_progress',
      'plan_not_on_sale',
      'price_gone',
      ...stripe,
    ],
  },
  'GET /v1/checkout-sessions/:id': {
    summary: 'How far a purchase of this user has come.',
    status: 200,
    answer: shapes.checkoutSession,
    refusals: ['not_found', 'stripe_unavailable', 'stripe_timeout'],
  },
  'POST /v1/portal-sessions': {
    summary: "The address of Stripe's customer portal for this user.",
    body: shapes.portalChoice,
    status: 201,
    answer: shapes.portalSession,
    refusals: ['request_invalid', 'no_subscription', ...stripe],
  },
  'POST /v1/subscription/cancel': {
    summary: "Cancels at the period's end, or at once.",
    body: shapes.cancellation,
    status: 200,
    answer: shapes.account,
    refusals: ['request_invalid', 'no_subscription', ...stripe],
  },
  'POST /v1/subscription/resume': {
    summary:
      'Takes a scheduled cancellation, or a change of plan that is to come, back; with ends_pause, lets a paused subscription go on, for the price of a period from now.',
    body: shapes.resumption,
    status: 200,
    answer: shapes.account,
    refusals: ['request_invalid', 'no_subscription', ...stripe],
  },
  'POST /v1/subscription/change-preview': {
    summary: 'What another plan would be charged now and at renewal. Changes nothing.',
    body: shapes.planChoice,
    status: 200,
    answer: shapes.changePreview,
    refusals: ['request_invalid', 'tier_unknown', 'billing_cycle_unknown', 'price_gone', ...unchangeable, ...stripe],
  },
  'POST /v1/subscription/change': {
    summary: 'Changes the plan at the figures of a preview: more at once, less when what is paid for is used up.',
    body: shapes.change,
    status: 200,
    answer: shapes.account,
    refusals: [
      'request_invalid',
      'tier_unknown',
      'billing_cycle_unknown',
      'payment_required',
      'preview_expired',
      'price_gone',
      ...unchangeable,
      ...stripe,
    ],
  },
  'GET /v1/preferences': {
    summary: "The user's preferences as they are in effect on the plan.",
    status: 200,
    answer: shapes.preferencesInEffect,
  },
  'PUT /v1/preferences': {
    summary: 'Replaces the preferences.',
    body: shapes.preferences,
    status: 200,
    answer: shapes.preferencesInEffect,
    refusals: ['request_invalid', 'not_entitled'],
  },
  'GET /v1/users/:id/entitlements': {
    summary: 'What any user may do, for the product’s own backend.',
    status: 200,
    answer: shapes.userEntitlements,
    also: { 304: 'Unchanged since the ETag in If-None-Match; the as-of header says until when.' },
    refusals: ['not_found'],
  },
  'POST /v1/users/:id/erase': {
    summary:
      'Ends the billing of a user and has every service erase their personal data. Asked for again, it is the same.',
    body: shapes.erasureOrder,
    status: 202,
    answer: shapes.erasure,
    refusals: ['request_invalid', 'not_found'],
  },
  'GET /v1/users/:id/erasure': {
    summary: 'How far that has come: what is waited for, and what each service has done.',
    status: 200,
    answer: shapes.erasure,
    refusals: ['not_found'],
  },
};
