import { createHmac } from 'node:crypto';

/** The `Stripe-Signature` header that Stripe would send with this body. */
export function signStripe(body: string | Buffer, secret: string, at: Date = new Date()): string {
  const timestamp = Math.floor(at.getTime() / 1000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}
