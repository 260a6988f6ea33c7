import type { ApiFault } from '../chaos/chaos.request.js';
import type { ApiAnswer } from './api.js';
import { StripeFault } from './stripe-error.js';

type BrokenAnswer = Extract<ApiFault, { fault: 429 | 500 | 503 }>;

/** What a Stripe that is overloaded or broken answers, instead of doing what it was asked. */
export function brokenAnswer(fault: BrokenAnswer, requestId: string): ApiAnswer {
  const { status, body } = refusalOf(fault);
  return { status, body, headers: { 'request-id': requestId, ...hintsOf(fault) } };
}

function refusalOf({ fault }: BrokenAnswer): StripeFault {
  switch (fault) {
    case 429:
      return new StripeFault({ status: 429, code: 'rate_limit', message: 'Too many requests. Slow down.' });
    case 500:
    case 503:
      return new StripeFault({ status: fault, type: 'api_error', message: 'An unknown error occurred.' });
    default:
      return fault satisfies never;
  }
}

function hintsOf(fault: BrokenAnswer): Record<string, string> {
  // With the same idempotency key there is only the same answer to be had, and Stripe says so.
  if (fault.fault === 500) return fault.kept ? { 'stripe-should-retry': 'false' } : {};
  return fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) };
}
