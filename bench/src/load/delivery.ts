import { signStripe } from '@billhook/testing';

export interface Delivery {
  head: string;
  body: Buffer;
}

/** A delivery as bytes to send, signed as at a moment: by default now, when it is made. */
export function deliveryOf(event: object, secret: string, signedAt = new Date()): Delivery {
  const body = Buffer.from(JSON.stringify(event));
  const head = [
    'POST /webhook/stripe HTTP/1.1',
    'host: 127.0.0.1',
    'user-agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    'accept: */*; q=0.5, application/xml',
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    `stripe-signature: ${signStripe(body, secret, signedAt)}`,
    '\r\n',
  ].join('\r\n');
  return { head, body };
}
