import { Refused, Retryable } from '@billhook/runtime';
import Stripe from 'stripe';

const { errors } = Stripe;

/**
 * What the SDK throws, in our two kinds: `throw fromStripeError(error)`. Anything that is not Stripe's comes back unchanged,
 * being a bug. Stripe's message is shown only where it speaks of the request, never of the key.
 */
export function fromStripeError(error: unknown): unknown {
  if (!(error instanceof errors.StripeError)) return error;
  if (error instanceof errors.StripeConnectionError) {
    return new Retryable(isTimeout(error) ? 'stripe_timeout' : 'stripe_unavailable', error);
  }
  if (isWorthRetrying(error)) return new Retryable('stripe_unavailable', error, retryAfter(error));
  if (isOfOtherMode(error)) return new Refused('stripe_mode_mismatch');
  return new Refused('stripe_refused', detailOf(error));
}

/** Stripe knows no object of this id, or none that this key may see. One of its other mode is a mistake of ours, and not that. */
export function isNoSuchObject(error: unknown): boolean {
  return error instanceof errors.StripeError && error.code === 'resource_missing' && !isOfOtherMode(error);
}

/** The key is known, and lacks a right: that of a restricted key. */
export function isNotPermitted(error: unknown): boolean {
  return error instanceof errors.StripePermissionError;
}

/** Nothing but its message tells: “a similar object exists in live mode, but a test mode key was used to make this request.” */
function isOfOtherMode({ code, message }: Stripe.errors.StripeError): boolean {
  return code === 'resource_missing' && message.includes('a similar object exists in');
}

/** 409: the same idempotency key is still at work. 429: too many requests, or the object is locked by another one. */
function isWorthRetrying({ statusCode = 0 }: Stripe.errors.StripeError): boolean {
  return statusCode === 409 || statusCode === 429 || statusCode >= 500;
}

/** The SDK tells a time-out from a refused connection only in its message and in the error that it wraps. */
function isTimeout(error: Stripe.errors.StripeConnectionError): boolean {
  const { detail } = error;
  return detail instanceof Error && 'code' in detail && detail.code === 'ETIMEDOUT';
}

function retryAfter(error: Stripe.errors.StripeError): number {
  const seconds = Number(error.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 5;
}

function detailOf(error: Stripe.errors.StripeError): string {
  if (error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError) {
    return 'Stripe does not accept the configured key for this';
  }
  return error.code === undefined ? error.message : `${error.code}: ${error.message}`;
}
