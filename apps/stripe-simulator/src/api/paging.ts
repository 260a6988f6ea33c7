import type Stripe from 'stripe';
import { noSuch, referenced } from './stripe-error.js';
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
  /** Rows that can still be asked for; a cursor must name one of them. Default: all. */
  isKept?: (row: T) => boolean;
}

/**
 * A page in Stripe's order: newest first, also for `ending_before`, which answers the rows just before that one. Only as
 * many rows are looked at as the page needs, because a table may hold a hundred thousand.
 */
export function list<T extends { id: string }>(input: ListInput<T>): Stripe.ApiList<T> {
  const { url, table, page, where = every, isKept = every } = input;
  const { limit = 10, starting_after: after, ending_before: before } = page;
  const oldestFirst = [...table.values()];
  const wanted = { where: (row: T) => isKept(row) && where(row), count: limit + 1 };
  if (before !== undefined) {
    const from = placeOf(input, oldestFirst, { param: 'ending_before', id: before }) + 1;
    const rows = walk(oldestFirst, { from, step: 1, ...wanted });
    return toList(url, rows.slice(0, limit).reverse(), rows.length > limit);
  }
  const last =
    after === undefined ? oldestFirst.length : placeOf(input, oldestFirst, { param: 'starting_after', id: after });
  const rows = walk(oldestFirst, { from: last - 1, step: -1, ...wanted });
  return toList(url, rows.slice(0, limit), rows.length > limit);
}

const every = () => true;

interface Cursor {
  param: 'starting_after' | 'ending_before';
  id: string;
}

/** Where a cursor points. It may be a row that the filter leaves out: Stripe only asks that it exists. */
function placeOf<T extends { id: string }>(input: ListInput<T>, rows: readonly T[], { param, id }: Cursor) {
  const { table, noun, isKept = every } = input;
  const row = referenced({ table, id, noun, param });
  if (!isKept(row)) throw noSuch(noun, id, param);
  return rows.indexOf(row);
}

interface Walk<T> {
  from: number;
  step: 1 | -1;
  where: (row: T) => boolean;
  count: number;
}

/** The first `count` rows that fit, from one place in one direction. */
function walk<T>(rows: readonly T[], { from, step, where, count }: Walk<T>): T[] {
  const found: T[] = [];
  for (let at = from; found.length < count; at += step) {
    const row = rows[at];
    if (row === undefined) break;
    if (where(row)) found.push(row);
  }
  return found;
}

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
