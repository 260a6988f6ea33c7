import { createHash } from 'node:crypto';
import { StripeFault } from './stripe-error.js';

/** Stripe may forget a key after 24 hours. */
const keptSeconds = 24 * 3600;
const maxKept = 50_000;

/** What was answered to the first request with an idempotency key. */
export interface StoredAnswer {
  endpoint: string;
  fingerprint: string;
  status: number;
  body: object;
  requestId: string;
  at: number;
}

/** Keeps an answer, and forgets the oldest when there are too many. */
export function keepAnswer(answers: Map<string, StoredAnswer>, key: string, answer: StoredAnswer): void {
  answers.set(key, answer);
  const [oldest] = answers.keys();
  if (answers.size > maxKept && oldest !== undefined) answers.delete(oldest);
}

export const fingerprintOf = (params: unknown) => createHash('sha256').update(JSON.stringify(params)).digest('hex');

interface Request {
  key: string;
  endpoint: string;
  fingerprint: string;
  now: number;
}

/**
 * The first answer if this is the same request again, undefined if the key is new.
 * Throws `idempotency_error` if the key was used for a different request.
 */
export function earlierAnswer(answers: Map<string, StoredAnswer>, request: Request): StoredAnswer | undefined {
  const earlier = answers.get(request.key);
  if (earlier === undefined) return undefined;
  if (earlier.at < request.now - keptSeconds) {
    answers.delete(request.key);
    return undefined;
  }
  if (earlier.endpoint !== request.endpoint) {
    throw mismatch(
      `for the same endpoint they were first used for ('${earlier.endpoint}' rather than '${request.endpoint}')`,
    );
  }
  if (earlier.fingerprint !== request.fingerprint) throw mismatch('with the same parameters they were first used with');
  return earlier;
}

const mismatch = (rule: string) =>
  new StripeFault({
    status: 400,
    type: 'idempotency_error',
    message: `Keys for idempotent requests can only be used ${rule}. Use another key for a different request.`,
  });
