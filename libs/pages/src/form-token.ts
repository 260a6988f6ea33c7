import { createHmac, timingSafeEqual } from 'node:crypto';

/** The hidden field of every form of ours. */
export const formField = 'form_token';

/** A page may lie open over lunch and over night; after that it is loaded again before anything is sent from it. */
const longestAgeSeconds = 12 * 3600;

/**
 * Says that a form stands on a page that was made for this session, and which page that was. Only who holds the session's
 * token can write one, and other sites cannot read that: the cookie is HttpOnly. `nonce` must not be one used before.
 */
export function issueFormToken(sessionToken: string, nonce: string, now: Date): string {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return `${nonce}.${issuedAt}.${seal(sessionToken, nonce, issuedAt)}`;
}

export type FormTokenReading = { kind: 'good'; formId: string } | { kind: 'foreign' } | { kind: 'too_old' };

const shape = /^([A-Za-z0-9_-]{16,64})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/** `value` is whatever came in the field. */
export function readFormToken(sessionToken: string, value: unknown, now: Date): FormTokenReading {
  const [, nonce, seconds, mac] = (typeof value === 'string' ? shape.exec(value) : null) ?? [];
  if (nonce === undefined || seconds === undefined || mac === undefined) return { kind: 'foreign' };
  const issuedAt = Number(seconds);
  const isOurs = timingSafeEqual(Buffer.from(mac), Buffer.from(seal(sessionToken, nonce, issuedAt)));
  if (!isOurs) return { kind: 'foreign' };
  return now.getTime() / 1000 - issuedAt > longestAgeSeconds ? { kind: 'too_old' } : { kind: 'good', formId: nonce };
}

/** The session's token is the key: a new session's forms are others, and there is no further secret to keep. */
function seal(sessionToken: string, nonce: string, issuedAt: number): string {
  return createHmac('sha256', sessionToken).update(`billhook form ${nonce} ${issuedAt}`).digest('base64url');
}

/** Puts a token into every form of a page that posts, so that no page can forget it. Text on a page cannot look like a tag. */
export function withFormToken(page: string, token: string): string {
  const field = `<input type="hidden" name="${formField}" value="${token}" />`;
  return page.replaceAll(/<form\b[^>]*\bmethod="post"[^>]*>/g, (tag) => tag + field);
}
