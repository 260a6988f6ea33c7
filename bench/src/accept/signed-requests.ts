import { aStripeEvent, aSubscription, signStripe } from '@billhook/testing';
import { randomBytes } from 'node:crypto';

/** The median size of the events a subscription makes. */
const eventBytes = 2_900;

/**
 * Whole HTTP requests as Stripe sends them, each with an event of its own. Signed before the clock of a measurement starts;
 * the signatures hold for 300 s, far longer than a run takes.
 */
export function signedRequests(count: number, to: { port: number; secret: string }): Buffer[] {
  const run = randomBytes(6).toString('hex');
  const created = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, index) => {
    const id = `evt_${run}${String(index).padStart(8, '0')}`;
    return toRequest(anEventOfFullSize(id, created), to);
  });
}

function anEventOfFullSize(id: string, created: number): string {
  const written = (note: string): string =>
    JSON.stringify(
      aStripeEvent('customer.subscription.updated', aSubscription({ metadata: { user_id: 'user_1', note } }), {
        id,
        created,
        previousAttributes: { cancel_at_period_end: true },
      }),
    );
  return written('x'.repeat(Math.max(0, eventBytes - written('').length)));
}

function toRequest(body: string, { port, secret }: { port: number; secret: string }): Buffer {
  const head = [
    'POST /webhook/stripe HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    'Accept: */*; q=0.5, application/xml',
    'Cache-Control: no-cache',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Stripe-Signature: ${signStripe(body, secret)}`,
    '',
    '',
  ];
  return Buffer.from(head.join('\r\n') + body);
}
