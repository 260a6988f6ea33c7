import { aPrice } from '@billhook/testing';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Stripe from 'stripe';

/** A server that answers for subscriptions and prices as Stripe does, with whatever a spec puts into it. */
export interface PretendStripe {
  url: string;
  subscriptions: Map<string, object>;
  /** The four of the seed, to begin with. */
  prices: Map<string, Stripe.Price>;
  /** While false, every question about prices fails with 500. */
  answersForPrices: boolean;
  /** Sent as the `Date` header; the real time when null. */
  clock: Date | null;
  /** How many of the next questions about subscriptions fail with 500. */
  failures: number;
  /** The subscriptions that were asked about. */
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
    prices: new Map(seedPrices().map((price) => [price.id, price])),
    answersForPrices: true,
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

function seedPrices(): Stripe.Price[] {
  const { recurring } = aPrice();
  const yearly: Partial<Stripe.Price> = { recurring: recurring === null ? null : { ...recurring, interval: 'year' } };
  return [
    aPrice(),
    aPrice({ ...yearly, id: 'price_pro_yearly', unit_amount: 9_900 }),
    aPrice({ id: 'price_elite_monthly', product: 'prod_elite', unit_amount: 2_999 }),
    aPrice({ ...yearly, id: 'price_elite_yearly', product: 'prod_elite', unit_amount: 29_900 }),
  ];
}

function answerForPrices(stripe: PretendStripe, url: URL, response: ServerResponse): void {
  if (!stripe.answersForPrices) return send(response, 500, notWell);
  const lookupKey = url.searchParams.get('lookup_keys[0]');
  if (lookupKey !== null) {
    const data = [...stripe.prices.values()].filter((price) => price.lookup_key === lookupKey);
    return send(response, 200, { object: 'list', url: '/v1/prices', has_more: false, data });
  }
  const found = stripe.prices.get(url.pathname.split('/').at(-1) ?? '');
  if (found) send(response, 200, found);
  else send(response, 404, missing('price'));
}

function answer(stripe: PretendStripe, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', stripe.url);
  if (url.pathname.startsWith('/v1/prices')) return answerForPrices(stripe, url, response);
  const id = /^\/v1\/subscriptions\/([^/?]+)/.exec(request.url ?? '')?.[1] ?? '';
  stripe.asked.push(id);
  if (stripe.clock) response.setHeader('date', stripe.clock.toUTCString());
  const found = stripe.subscriptions.get(id);
  if (stripe.failures > 0) {
    stripe.failures -= 1;
    return send(response, 500, notWell);
  }
  if (found) return send(response, 200, found);
  send(response, 404, missing('subscription'));
}

const notWell = { error: { type: 'api_error', message: 'Stripe is not well.' } };

function missing(noun: string): object {
  return { error: { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${noun}` } };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
