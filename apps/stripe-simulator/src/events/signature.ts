import { createHmac } from 'node:crypto';

/** The headers a delivery has besides HTTP's own, sent at `now` (real milliseconds). */
export const deliveryHeaders = (body: string, now: number, secrets: readonly string[]) => ({
  'content-type': 'application/json; charset=utf-8',
  'stripe-signature': signatureHeader(body, Math.floor(now / 1000), secrets),
  'user-agent': 'Stripe/1.0 (+https://docs.stripe.com/webhooks)',
});

/**
 * `Stripe-Signature` for a body sent at `timestamp` (real Unix seconds, whatever the account's clock says: receivers
 * compare it with theirs). Several secrets give several `v1`, as during a rotation.
 */
export function signatureHeader(body: string, timestamp: number, secrets: readonly string[]): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
  );
  return [`t=${timestamp}`, ...signatures].join(',');
}
