import { createHmac } from 'node:crypto';

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
