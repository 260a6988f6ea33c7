/**
 * Every code a client of Billhook can meet, with its HTTP status, what it means and what to do about it. Codes are stable:
 * clients and runbooks key on them. Whether retrying helps is said by the class that carries a code: Refused or Retryable.
 */
export const errorTable = {
  signature_missing: {
    status: 400,
    title: 'The Stripe-Signature header is missing',
    cure: 'Send the request as Stripe does; a proxy in between must pass the header on.',
  },
  signature_mismatch: {
    status: 400,
    title: 'The signature does not match the body',
    cure: 'Check that STRIPE_WEBHOOK_SECRET is the secret of this endpoint and that no proxy rewrites the body.',
  },
  signature_expired: {
    status: 400,
    title: 'The signature is older or newer than 300 seconds',
    cure: "Check this machine's clock; a real delivery is signed afresh at each attempt.",
  },
  body_malformed: {
    status: 400,
    title: 'The body is signed but is not a Stripe event',
    cure: 'Send a Stripe event object with id, type and created.',
  },
  body_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    cure: 'Send the whole request within 10 seconds.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than this route accepts',
    cure: 'Keep the body within the limit: 1 MiB for webhooks.',
  },
  content_encoding_unsupported: {
    status: 415,
    title: 'The body is compressed',
    cure: 'Send the body without a Content-Encoding: the signature covers the plain bytes.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request headers are larger than 16 KiB',
    cure: 'Send smaller headers.',
  },
  broker_unavailable: {
    status: 503,
    title: 'The message broker cannot take the event now',
    cure: 'Try again after the time in Retry-After; an event that was taken all the same is recognised by its id.',
  },
  shutting_down: {
    status: 503,
    title: 'This process is shutting down',
    cure: 'Try again at once; another process will answer.',
  },
  token_missing: {
    status: 401,
    title: 'Not signed in',
    cure: 'Send Authorization: Bearer <token>. Only the gateway also takes the session cookie, which its POST /v1/session sets.',
  },
  token_invalid: {
    status: 401,
    title: 'The token is not valid here',
    cure: 'Get a new token from the identity provider; issuer, audience and signature must fit AUTH_* settings.',
  },
  token_expired: { status: 401, title: 'The token has expired', cure: 'Get a new token from the identity provider.' },
  role_missing: {
    status: 403,
    title: 'The token lacks the role this needs',
    cure: 'Use a token whose roles claim holds the role named in detail.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'The request comes from another site',
    cure: 'Send it from PUBLIC_URL or from an origin listed in CORS_ORIGINS.',
  },
  form_token_invalid: {
    status: 403,
    title: 'The form does not belong to this session',
    cure: 'Open the page again and send the form from there.',
  },
  form_replayed: {
    status: 409,
    title: 'This form has been sent already',
    cure: 'Open the profile: it shows what came of it.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests in a short time',
    cure: 'Wait for as long as Retry-After says, then go on.',
  },
  not_entitled: {
    status: 403,
    title: 'The plan does not include this',
    cure: 'Choose the plan named in detail, or leave it out.',
  },
  account_erased: {
    status: 410,
    title: 'The account has been erased',
    cure: 'Its data is gone for good and cannot be brought back. Sign up anew to begin again.',
  },
  identity_provider_unavailable: {
    status: 503,
    title: 'The identity provider did not answer',
    cure: 'Try again; if it lasts, check AUTH_JWKS_URL.',
  },
  request_invalid: { status: 400, title: 'The request is not valid', cure: 'Change what detail names.' },
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
  not_found: {
    status: 404,
    title: 'There is nothing here',
    cure: 'Check the address, and the id in it: what belongs to somebody else is not found either.',
  },
  method_not_allowed: { status: 405, title: 'The method does not fit the address', cure: 'Check the method.' },
  media_type_unsupported: {
    status: 415,
    title: 'The content type is not accepted here',
    cure: 'Send application/json, or a form where the route takes one.',
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
  database_unavailable: { status: 503, title: 'The database did not answer', cure: 'Try again in a moment.' },
  master_key_missing: {
    status: 503,
    title: 'A master key of the audit trail is missing',
    cure: 'Add the key to AUDIT_MASTER_KEY that wrapped what is asked for: a rotation keeps the former one until all is wrapped anew.',
  },
  internal_error: {
    status: 500,
    title: 'Something here is broken',
    cure: 'Report the request id; retrying may not help.',
  },
} as const satisfies Record<string, { status: number; title: string; cure: string }>;

export type ErrorCode = keyof typeof errorTable;

/** Retrying the same thing cannot help. `detail` is shown to the client: no secrets, no personal data. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** `members` stand beside `code` in the answer, for programs (RFC 9457 §3.2). */
  constructor(
    readonly code: ErrorCode,
    readonly detail?: string,
    readonly members: Readonly<Record<string, string | number>> = {},
  ) {
    super(detail === undefined ? code : `${code}: ${detail}`);
  }
}

/** Our surroundings failed (broker, database, Stripe): the same thing may work later. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
  constructor(
    readonly code: ErrorCode,
    cause?: unknown,
    readonly retryAfterSeconds = 5,
  ) {
    super(code, { cause });
  }
}
