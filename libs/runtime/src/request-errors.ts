import type { ErrorEntry } from './error-entry.js';

/** What a request can meet whatever it asks for: its own form, who sends it, and what is around us. */
export const requestErrors = {
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
} as const satisfies Record<string, ErrorEntry>;
