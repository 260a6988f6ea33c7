import type Stripe from 'stripe';
import { referenced } from './stripe-error.js';
import type { CreatedRange } from './params.js';

interface Page {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

interface ListInput<T> {
  url: string;
  table: ReadonlyMap<string, T>;
  noun: string;
  page: Page;
  where?: (row: T) => boolean;
}

/** A page in Stripe's order: newest first, also for `ending_before`, which answers the rows just before that one. */
export function list<T extends { id: string }>({ url, table, noun, page, where }: ListInput<T>): Stripe.ApiList<T> {
  const newestFirst = [...table.values()].reverse();
  const limit = page.limit ?? 10;
  const rows = where ? newestFirst.filter(where) : newestFirst;
  // A cursor may point at a row the filter leaves out: Stripe only asks that it exists.
  if (page.starting_after !== undefined) {
    const at = positionOf(newestFirst, referenced({ table, id: page.starting_after, noun, param: 'starting_after' }));
    const rest = newestFirst.slice(at + 1).filter(where ?? all);
    return toList(url, rest.slice(0, limit), rest.length > limit);
  }
  if (page.ending_before !== undefined) {
    const at = positionOf(newestFirst, referenced({ table, id: page.ending_before, noun, param: 'ending_before' }));
    const before = newestFirst.slice(0, at).filter(where ?? all);
    return toList(url, before.slice(-limit), before.length > limit);
  }
  return toList(url, rows.slice(0, limit), rows.length > limit);
}

const all = () => true;
const positionOf = <T extends { id: string }>(rows: T[], row: T) => rows.findIndex(({ id }) => id === row.id);

export const toList = <T>(url: string, data: T[], hasMore = false): Stripe.ApiList<T> => ({
  object: 'list',
  data,
  has_more: hasMore,
  url,
});

export const isWithin = (at: number, range: CreatedRange | undefined) =>
  range === undefined ||
  (at > (range.gt ?? -Infinity) &&
    at >= (range.gte ?? -Infinity) &&
    at < (range.lt ?? Infinity) &&
    at <= (range.lte ?? Infinity));
