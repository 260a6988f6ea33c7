import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Stripe from 'stripe';
import { readConfig } from './config.js';
import { createSimulator } from './simulator.module.js';

export const secretKey = 'sk_test_made_up_for_specs';
export const webhookSecret = 'whsec_made_up_for_specs';

/** One delivery as the endpoint got it. */
interface Received {
  event: Stripe.Event;
  body: string;
  signature: string;
}

/** What the endpoint answers; `nth` counts deliveries of the same event from 1. */
export type Endpoint = (received: Received, nth: number) => number | Promise<number>;

/** What the endpoint saw besides good snapshot events. */
interface Noted {
  /** Deliveries whose signature did not hold: answered 400. */
  refused: string[];
  thin: Stripe.V2.Core.EventNotification[];
  /** Requests that broke off before their end. */
  cutOff: number;
}

export type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** The simulator on a free port with a webhook endpoint that checks every signature with the official SDK. */
export async function startSimulator(endpoint: Endpoint = () => 200, settings: Record<string, string> = {}) {
  const received: Received[] = [];
  const noted: Noted = { refused: [], thin: [], cutOff: 0 };
  const server = createServer((request, response) => {
    void take(request, { received, noted, endpoint }).then((status) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
  });
  const webhookPort = await listen(server);
  const { app, port } = await listening({
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    WEBHOOK_URL: `http://127.0.0.1:${webhookPort}/webhook/stripe`,
    ...settings,
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    received,
    noted,
    stripe: sdk(port, secretKey),
    sdk: (key: string) => sdk(port, key),
    get: async (path: string): Promise<unknown> => (await fetch(url + path)).json(),
    post: (path: string, body: object) => postJson(url + path, body),
    stop: async () => {
      await app.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const sdk = (port: number, key: string) =>
  new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0 });

interface Seen {
  received: Received[];
  noted: Noted;
  endpoint: Endpoint;
}

async function take(request: IncomingMessage, seen: Seen): Promise<number> {
  const body = await text(request).catch(() => null);
  // Nobody is left to read this answer.
  if (body === null) {
    seen.noted.cutOff += 1;
    return 400;
  }
  const received = verify({ request, body }, seen.noted);
  if (typeof received === 'number') return received;
  seen.received.push(received);
  return seen.endpoint(received, countOf(seen.received, received.event.id));
}

const checking = new Stripe(secretKey);

/** A snapshot event, or the status that answers what is none. */
function verify({ request, body }: { request: IncomingMessage; body: string }, noted: Noted): Received | number {
  const signature = String(request.headers['stripe-signature']);
  try {
    // The official SDK takes neither kind of event for the other.
    if (!body.includes('"v2.core.event"')) {
      return { event: checking.webhooks.constructEvent(body, signature, webhookSecret), body, signature };
    }
    noted.thin.push(checking.parseEventNotification(body, signature, webhookSecret));
    return 200;
  } catch {
    noted.refused.push(body);
    return 400;
  }
}

const countOf = (received: readonly Received[], id: string) => received.filter(({ event }) => event.id === id).length;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

/**
 * The simulator on a port that it knows beforehand, as it has to tell its address; another one if somebody else was
 * quicker. Below the ports that the kernel hands out, or any connection of another spec's could take it.
 */
async function listening(settings: Record<string, string>, tries = 20) {
  const port = randomInt(20_000, 32_000);
  const read = readConfig({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, ...settings });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const app = await createSimulator(read.config, true);
  try {
    await app.listen(port, '127.0.0.1');
    return { app, port };
  } catch (error) {
    await app.close();
    if (tries === 1 || !isTaken(error)) throw error;
    return listening(settings, tries - 1);
  }
}

const isTaken = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

async function postJson(url: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Submits a page's form like a browser, without following the redirect. */
export async function submit(url: string, fields: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  return { status: response.status, location: response.headers.get('location'), html: await response.text() };
}

export const payingForm = { card_number: '4242 4242 4242 4242', exp: '12 / 34', cvc: '123', action: 'pay' };
export const decliningForm = { ...payingForm, card_number: '4000 0000 0000 0002' };

/** A card of Stripe's test cards, typed in. */
export const formWith = (card_number: string) => ({ ...payingForm, card_number });
export const cards = {
  failsWhenCharged: '4000 0000 0000 0341',
  authenticatesOnce: '4000 0025 0000 3155',
  authenticatesAlways: '4000 0027 6000 3184',
  authenticatesThenDeclines: '4000 0082 6000 3178',
} as const;

export const day = 24 * 3600;

interface Wish {
  price?: string;
  extra?: Stripe.Checkout.SessionCreateParams;
}

/** A new customer with an open Checkout session for Pro monthly. */
export async function openCheckout({ stripe }: Simulator, { price = 'price_pro_monthly', extra = {} }: Wish = {}) {
  const customer = await stripe.customers.create({ email: 'ada@example.com', metadata: { user_id: 'ada' } });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    line_items: [{ price, quantity: 1 }],
    success_url: 'http://shop.example/payment/success?session_id={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://shop.example/payment/canceled',
    metadata: { user_id: 'ada' },
    subscription_data: { metadata: { user_id: 'ada' } },
    ...extra,
  });
  return { customer, session, pageUrl: session.url ?? '' };
}

/** A customer who has paid, and their subscription. */
export async function subscribe(simulator: Simulator, wish: Wish = {}) {
  const { customer, session, pageUrl } = await openCheckout(simulator, wish);
  await submit(pageUrl, payingForm);
  const [subscription] = (await simulator.stripe.subscriptions.list({ customer: customer.id })).data;
  if (!subscription) throw new Error('the payment made no subscription');
  return { customer, session, subscription };
}

/** Waits until the endpoint has taken everything. */
export async function settle(simulator: Simulator): Promise<void> {
  await simulator.post('/_simulator/advance', { seconds: 0, wait_for_deliveries: true });
}

export const typesOf = ({ received }: Simulator, since = 0) => received.slice(since).map(({ event }) => event.type);

/** The period's end of a subscription's first item. */
export const endOf = (subscription: Stripe.Subscription) => subscription.items.data[0]?.current_period_end ?? 0;

/** Moves the clock, and waits until the endpoint has taken what that caused. */
export const advance = (simulator: Simulator, by: { to: number } | { seconds: number }) =>
  simulator.post('/_simulator/advance', { ...by, wait_for_deliveries: true });

/** The events about one object, in the order they were made. */
export async function eventsAbout({ stripe }: Simulator, id: string): Promise<Stripe.Event[]> {
  const all = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  return all.filter(({ data }) => JSON.stringify(data.object).includes(id)).toReversed();
}

export const typesAbout = async (simulator: Simulator, id: string) =>
  (await eventsAbout(simulator, id)).map(({ type }) => type);

/** Makes a card typed into the billing portal the default of the customer and of their subscriptions. */
export async function changeCard(simulator: Simulator, customer: string, card: string) {
  const portal = await simulator.stripe.billingPortal.sessions.create({ customer });
  return submit(portal.url, { ...formWith(card), action: 'update_card' });
}

/** Presses a button of a 3-D Secure page that a redirect led to. */
export const authenticate = (simulator: Simulator, location: string | null, action: 'complete' | 'fail') =>
  submit(new URL(location ?? '', simulator.url).href, { action });

/** The newest invoice of a customer. */
export async function latestInvoice({ stripe }: Simulator, customer: string): Promise<Stripe.Invoice> {
  const [invoice] = (await stripe.invoices.list({ customer, limit: 1 })).data;
  if (!invoice) throw new Error('the customer has no invoice');
  return invoice;
}

/** A customer made by the API, with a card of Stripe's test payment methods as the default, or without one. */
export async function customerWith({ stripe }: Simulator, method: string | null): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({ email: 'ada@example.com' });
  if (method === null) return customer;
  const { id } = await stripe.paymentMethods.attach(method, { customer: customer.id });
  return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
}
