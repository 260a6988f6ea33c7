import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A server that answers `GET /v1/subscriptions/:id` as Stripe does, with whatever a spec puts into it. */
export interface PretendStripe {
  url: string;
  subscriptions: Map<string, object>;
  /** Sent as the `Date` header; the real time when null. */
  clock: Date | null;
  /** How many of the next requests fail with 500. */
  failures: number;
  asked: string[];
  close(): Promise<void>;
}

export async function startPretendStripe(): Promise<PretendStripe> {
  const server = createServer((request, response) => answer(stripe, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend Stripe has no port');
  const stripe: PretendStripe = {
    url: `http://127.0.0.1:${address.port}`,
    subscriptions: new Map(),
    clock: null,
    failures: 0,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stripe;
}

function answer(stripe: PretendStripe, request: IncomingMessage, response: ServerResponse): void {
  const id = /^\/v1\/subscriptions\/([^/?]+)/.exec(request.url ?? '')?.[1] ?? '';
  stripe.asked.push(id);
  if (stripe.clock) response.setHeader('date', stripe.clock.toUTCString());
  const found = stripe.subscriptions.get(id);
  if (stripe.failures > 0) {
    stripe.failures -= 1;
    return send(response, 500, { error: { type: 'api_error', message: 'Stripe is not well.' } });
  }
  if (found) return send(response, 200, found);
  send(response, 404, {
    error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such subscription' },
  });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
