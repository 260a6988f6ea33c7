import { billingErrors } from './billing-errors.js';
import { requestErrors } from './request-errors.js';

/**
 * Every code a client of Billhook can meet, with its HTTP status, what it means and what to do about it. Codes are stable:
 * clients and runbooks key on them. Whether retrying helps is said by the class that carries a code: Refused or Retryable.
 */
export const errorTable = { ...requestErrors, ...billingErrors } as const;

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
