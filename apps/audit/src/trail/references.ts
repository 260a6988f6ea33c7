import { at, isRecord } from './storable.js';
import type { Json } from './storable.js';

/** Whom and what an entry is about: what ops filter by. */
export interface References {
  /** Named by the event itself; a Stripe event that names none is found by its customer, when it is read. */
  userId: string | null;
  customerId: string | null;
  /** For an event that names neither of the two: the Stripe object whose customer it is of. */
  customerVia: string | null;
  subscriptionId: string | null;
  invoiceId: string | null;
  sessionId: string | null;
  /** Sorted, without repetition. */
  stripeIds: string[];
}

const maxUserIdLength = 255;
const maxStripeIds = 64;

/**
 * Ids worth finding an entry by: customers, subscriptions, invoices, sessions, payments, refunds, disputes, events. Prices and
 * products are not: nearly every entry names one. An event *about* a price is found by the price's id all the same.
 */
export const findable = /^(cus|sub|in|cs|pi|ch|py|re|pyr|dp|du|cn|seti|sub_sched|evt)_[A-Za-z0-9_]{1,240}$/;
const anyStripeId = /^[a-z][a-z0-9]*_[A-Za-z0-9_]{1,240}$/;

/** `data` is the projection, so that nothing is found by what is not kept. `ids` are the event's own and its cause's. */
export function referencesOf(data: Json, ids: (string | null)[]): References {
  const userId = userIdOf(data);
  const customerId = customerIdOf(data);
  return {
    userId,
    customerId,
    customerVia: userId === null && customerId === null ? customerViaOf(data) : null,
    subscriptionId: idOf(data, subjects.subscription),
    invoiceId: idOf(data, subjects.invoice),
    sessionId: idOf(data, subjects.session),
    stripeIds: stripeIdsOf(data, ids),
  };
}

const userIdPaths = [
  ['user_id'],
  ['object', 'metadata', 'user_id'],
  // An invoice carries the metadata its subscription had; before 2025-03-31 one level higher.
  ['object', 'parent', 'subscription_details', 'metadata', 'user_id'],
  ['object', 'subscription_details', 'metadata', 'user_id'],
];

function userIdOf(data: Json): string | null {
  return firstText(data, userIdPaths, (text) => text !== '' && text.length <= maxUserIdLength);
}

const customerIdPaths = [
  ['customer_id'],
  ['after', 'customer_id'],
  ['subscription', 'customer_id'],
  ['object', 'customer'],
];

function customerIdOf(data: Json): string | null {
  const paths = [...customerIdPaths];
  if (at(data, 'object', 'object') === 'customer') paths.push(['object', 'id']);
  if (at(data, 'event', 'related_object', 'type') === 'customer') paths.push(['event', 'related_object', 'id']);
  return firstText(data, paths, (text) => findable.test(text));
}

/** The things of a customer's life that an entry can be about, each by the places that name it, the most particular first. */
const subjects = {
  subscription: {
    object: 'subscription',
    paths: [
      ['subscription_id'],
      ['after', 'id'],
      ['subscription', 'id'],
      ['object', 'parent', 'subscription_details', 'subscription'],
      ['object', 'subscription'],
    ],
    id: /^sub_/,
  },
  invoice: { object: 'invoice', paths: [['invoice_id'], ['object', 'invoice']], id: /^in_/ },
  session: { object: 'checkout.session', paths: [['session_id']], id: /^cs_/ },
} as const satisfies Record<string, { object: string; paths: readonly (readonly string[])[]; id: RegExp }>;

function idOf(data: Json, { object, paths, id }: (typeof subjects)[keyof typeof subjects]): string | null {
  const places: (readonly string[])[] =
    at(data, 'object', 'object') === object ? [['object', 'id'], ...paths] : [...paths];
  return firstText(data, places, (text) => id.test(text) && findable.test(text));
}

/**
 * By Stripe's `object`, for those that have no `customer`: the field with the object that has one. Since 2025-03-31 a payment
 * belongs to its invoice this way only. `append_entries` must learn the customers of whatever is named here.
 */
const customerViaPaths: ReadonlyMap<string, string[]> = new Map([['invoice_payment', ['object', 'invoice']]]);

function customerViaOf(data: Json): string | null {
  const kind = at(data, 'object', 'object');
  const path = typeof kind === 'string' ? customerViaPaths.get(kind) : undefined;
  return path === undefined ? null : firstText(data, [path], (text) => findable.test(text));
}

function firstText(
  data: Json,
  paths: readonly (readonly string[])[],
  accept: (text: string) => boolean,
): string | null {
  for (const path of paths) {
    const value = at(data, ...path);
    if (typeof value === 'string' && accept(value)) return value;
  }
  return null;
}

function stripeIdsOf(data: Json, ids: (string | null)[]): string[] {
  const found = new Set<string>();
  const own = at(data, 'object', 'id');
  if (typeof own === 'string' && anyStripeId.test(own)) found.add(own);
  collect([...ids, data], found);
  return [...found].slice(0, maxStripeIds).toSorted();
}

function collect(value: Json, found: Set<string>): void {
  if (typeof value === 'string') {
    if (findable.test(value)) found.add(value);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, found);
  } else if (isRecord(value)) {
    for (const each of Object.values(value)) collect(each, found);
  }
}
