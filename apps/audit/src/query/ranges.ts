import type { EntryFilter } from './entry-filter.js';
import type { Parameters } from './parameters.js';

/**
 * Times run with seq: so that a time range is a range of each index, and `recorded_at` besides, which says which months need no look at
 * all. `seq + 0` where another index is to be used alone: PostgreSQL might combine it with that of all entries up to there.
 */
export function rangeOf(filter: EntryFilter, query: Parameters, of = 'e'): string[] {
  const seq = filter.stripeId === undefined ? `${of}.seq` : `${of}.seq + 0`;
  const firstAt = (instant: string): string =>
    `(SELECT seq FROM entry WHERE recorded_at >= ${instant} ORDER BY recorded_at, seq LIMIT 1)`;
  const conditions: string[] = [];
  if (filter.before !== undefined) conditions.push(`${seq} < ${query.add(filter.before)}`);
  if (filter.after !== undefined) conditions.push(`${seq} > ${query.add(filter.after)}`);
  if (filter.from !== undefined) {
    const from = query.add(filter.from.toISOString());
    // No entry that late: null, and the condition holds for none.
    conditions.push(`${of}.recorded_at >= ${from}`, `${seq} >= ${firstAt(from)}`);
  }
  if (filter.to !== undefined) {
    const to = query.add(filter.to.toISOString());
    conditions.push(`${of}.recorded_at < ${to}`, `${seq} < coalesce(${firstAt(to)}, ${maxSeq})`);
  }
  return conditions;
}

const maxSeq = '9223372036854775807';
