import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PretendPrices } from './pretend-prices.spec-support.js';

/** What this server knows of an object. */
export interface PretendObject {
  id: string;
  created: number;
}

export type PretendInvoice = PretendObject & {
  subscription: string;
  status: string;
  status_transitions: { finalized_at: number };
};

/** A server that answers as Stripe does, with whatever a spec puts into it. */
export interface PretendStripe {
  url: string;
  subscriptions: Map<string, object>;
  /** Answered beside all that follows. */
  prices: PretendPrices;
  sessions: Map<string, object>;
  /** Listed by their subscription. */
  invoices: PretendInvoice[];
  /** Oldest first, as they are made; listed the other way round. */
  events: PretendObject[];
  /** Sent as the `Date` header; the real time when null. */
  clock: Date | null;
  /** How many of the next requests fail with 500. */
  failures: number;
  /** How many of the next requests are told that they are too many. */
  refusals: number;
  /** Without it, it answers 403 to whoever asks for invoices. */
  mayReadInvoices: boolean;
  /** Without it, every request is answered 401. */
  knowsKey: boolean;
  /** Ids of subscriptions about which it says nothing, as long as they are in here. */
  silent: Set<string>;
  /** Ids of the subscriptions asked for one by one. */
  asked: string[];
  /** When each request came, lists included, and what for. */
  requests: { at: number; url: string }[];
  /** Called when a list is made and not answered yet: what it changes is not in it. `over` resolves once nobody waits for it any more. */
  onList: (url: string, over: Promise<void>) => Promise<void> | void;
  close(): Promise<void>;
}

export async function startPretendStripe(): Promise<PretendStripe> {
  const server = createServer((request, response) => void answer(stripe, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend Stripe has no port');
  const stripe: PretendStripe = {
    url: `http://127.0.0.1:${address.port}`,
    subscriptions: new Map(),
    prices: new PretendPrices(),
    sessions: new Map(),
    invoices: [],
    events: [],
    clock: null,
    failures: 0,
    refusals: 0,
    mayReadInvoices: true,
    knowsKey: true,
    silent: new Set(),
    asked: [],
    requests: [],
    onList: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stripe;
}

async function answer(stripe: PretendStripe, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', stripe.url);
  if (url.pathname.startsWith('/v1/prices')) {
    const { status, body } = stripe.prices.answer(url);
    return send(response, status, body);
  }
  const [, noun = '', id] =
    /^\/v1\/(subscriptions|invoices|events|checkout\/sessions)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  stripe.requests.push({ at: performance.now(), url: url.pathname + url.search });
  if (noun === 'subscriptions' && id !== undefined) stripe.asked.push(id);
  if (stripe.clock) response.setHeader('date', stripe.clock.toUTCString());
  if (!stripe.knowsKey) {
    return send(response, 401, { error: { type: 'invalid_request_error', message: 'Invalid API Key.' } });
  }
  if (noun === 'invoices' && !stripe.mayReadInvoices) {
    return send(response, 403, { error: { type: 'invalid_request_error', message: 'This key lacks a permission.' } });
  }
  if (stripe.refusals > 0) {
    stripe.refusals -= 1;
    return send(response, 429, { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many.' } });
  }
  if (stripe.failures > 0) {
    stripe.failures -= 1;
    return send(response, 500, { error: { type: 'api_error', message: 'Stripe is not well.' } });
  }
  if (id !== undefined) return stripe.silent.has(id) ? undefined : answerOne(stripe, { noun, id }, response);
  const list = page(rowsOf(stripe, noun), url.searchParams);
  await stripe.onList(url.search, new Promise((resolve) => response.once('close', () => resolve())));
  send(response, 200, list);
}

function rowsOf(stripe: PretendStripe, noun: string): PretendObject[] {
  switch (noun) {
    case 'events':
      return stripe.events;
    case 'invoices':
      return stripe.invoices;
    default:
      return [...stripe.subscriptions.values()].map(toPretendObject);
  }
}

function answerOne(stripe: PretendStripe, { noun, id }: { noun: string; id: string }, response: ServerResponse): void {
  const found = noun === 'subscriptions' ? stripe.subscriptions.get(id) : stripe.sessions.get(id);
  if (found) return send(response, 200, found);
  send(response, 404, {
    error: { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${noun}: ${id}` },
  });
}

/** Newest first; `ending_before` answers those just newer than its row, also newest first. */
function page(rows: readonly PretendObject[], query: URLSearchParams): object {
  const [after, before] = [query.get('starting_after'), query.get('ending_before')];
  const limit = Number(query.get('limit') ?? 10);
  const newestFirst = rows.toSorted((a, b) => b.created - a.created);
  const at = newestFirst.findIndex(({ id }) => id === (after ?? before));
  const side = after !== null ? newestFirst.slice(at + 1) : before !== null ? newestFirst.slice(0, at) : newestFirst;
  const fitting = side.filter((row) => fits(row, query));
  const data = before !== null ? fitting.slice(-limit) : fitting.slice(0, limit);
  return { object: 'list', data, has_more: fitting.length > limit, url: '' };
}

function fits(row: PretendObject, query: URLSearchParams): boolean {
  const [lt, lte] = [query.get('created[lt]'), query.get('created[lte]')];
  const [customer, subscription] = [query.get('customer'), query.get('subscription')];
  return (
    (lt === null || row.created < Number(lt)) &&
    (lte === null || row.created <= Number(lte)) &&
    (customer === null || Reflect.get(row, 'customer') === customer) &&
    (subscription === null || Reflect.get(row, 'subscription') === subscription)
  );
}

function toPretendObject(object: object): PretendObject {
  return { ...object, id: String(Reflect.get(object, 'id')), created: Number(Reflect.get(object, 'created')) };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
