import { namesFew } from './entry-filter.js';
import type { EntryFilter, TypeFilter } from './entry-filter.js';
import { Parameters } from './parameters.js';
import { rangeOf } from './ranges.js';
import { partsOf } from './words.js';
import type { Part } from './words.js';

export interface Page {
  limit: number;
  order: 'newest' | 'oldest';
  /** `recorded` is an entry as it was written, for whoever checks it; `shown` is what a reader gets. */
  columns?: 'shown' | 'recorded';
}

export interface SqlQuery {
  text: string;
  parameters: unknown[];
}

/**
 * Named by the entry, else the one its customer is linked to, else the same for the customer of the object it is known through.
 * Subqueries, not joins: they look up the rows of one page by key, where a join may be planned as a scan of all links.
 */
const userOf = `coalesce(e.user_id, (
    SELECT l.user_id FROM customer_link l WHERE l.customer_id = coalesce(
      e.customer_id, (SELECT o.customer_id FROM object_link o WHERE o.object_id = e.customer_via)
    )
  ))`;

/** The columns of a page. */
const shown = `
  e.seq, e.event_id, e.type, ${userOf} AS user_id, e.occurred_at,
  to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at,
  e.content, e.previous_hash, e.content_hash, e.hash, e.request_id, e.cause_id, e.stripe_ids
  `;

/** All that is needed to write an entry's hash again, as text. */
const recorded = `
  e.seq, to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at,
  encode(e.previous_hash, 'hex') AS previous_hash, encode(e.content_hash, 'hex') AS content_hash, encode(e.hash, 'hex') AS hash,
  convert_from(e.content, 'UTF8') AS content
  `;

/**
 * One page, in the order of seq. Each branch is one range of one index read backwards, cut at `limit`; the branches are then merged.
 * An OR over them instead would leave PostgreSQL the choice to walk the whole trail backwards, which is quick only while the
 * matches are recent.
 */
export function entriesQuery(filter: EntryFilter, page: Page): SqlQuery {
  const query = new Parameters();
  const size = query.add(page.limit);
  const direction = page.order === 'newest' ? 'DESC' : 'ASC';
  const branches = partsOf(filter, query).flatMap((part) => branchesOf(filter, query, { part, size, direction }));
  const columns = page.columns === 'recorded' ? recorded : shown;
  const text = `SELECT ${columns} FROM (${branches.join(' UNION ALL ')}) AS e ORDER BY e.seq ${direction} LIMIT ${size}`;
  return { text, parameters: query.values };
}

/** The newest entries about a user; planned once, since a timeline asks nothing else of it. */
export function newestOfUserQuery(userId: string, before: string, limit: number): SqlQuery {
  return {
    text: `SELECT ${shown} FROM entries_of_user($1, $2, $3) AS e ORDER BY e.seq DESC`,
    parameters: [userId, before, limit],
  };
}

/**
 * Whatever was caused by these entries (by seq), or caused them, or belongs to the same request or Checkout session; and the same of that
 * in turn, for so many steps, of which each takes the newest. Nothing newer than `upTo`, and not the entries themselves.
 */
export function relatedQuery(seqs: readonly number[], { upTo, most, steps }: Reach): SqlQuery {
  return {
    text: `SELECT ${shown} FROM related_entries($1, $2, $3, $4) AS e ORDER BY e.seq DESC`,
    parameters: [seqs, upTo, most, steps],
  };
}

export interface Reach {
  /** A seq. */
  upTo: string;
  /** In each step. */
  most: number;
  steps: number;
}

export function entryByIdQuery(eventId: string): SqlQuery {
  return {
    text: `SELECT ${shown} FROM entry e WHERE e.seq = (SELECT seq FROM entry_id WHERE event_id = $1)`,
    parameters: [eventId],
  };
}

interface Cut {
  part: Part;
  size: string;
  direction: 'ASC' | 'DESC';
}

function branchesOf(filter: EntryFilter, query: Parameters, { part, ...cut }: Cut): string[] {
  const { from } = part;
  const conditions = [...part.conditions, ...rangeOf(filter, query), ...equalitiesOf(filter, query)];
  if (filter.userId !== undefined) {
    const user = query.add(filter.userId);
    const rest = [...conditions, ...typeConditions(filter.type, query), ...addressConditions(filter, query)];
    return [
      branch({ from, conditions: [`e.user_id = ${user}`, ...rest], ...cut }),
      forEach(`(SELECT customer_id FROM customer_link WHERE user_id = ${user}) AS k`, {
        from,
        conditions: ['e.user_id IS NULL', 'e.customer_id = k.customer_id', ...rest],
        ...cut,
      }),
      forEach(`(${objectsOf(user)}) AS k`, { from, conditions: ['e.customer_via = k.object_id', ...rest], ...cut }),
    ];
  }
  if (filter.type?.kind === 'prefix' && !isSelective(filter)) {
    const types = typesWithPrefix(filter.type.prefix, query);
    return [forEach(`(${types}) AS k`, { from, conditions: ['e.type = k.type', ...conditions], ...cut })];
  }
  if (filter.ip !== undefined) {
    const rest = [...conditions, ...typeConditions(filter.type, query)];
    return [
      branch({ from, conditions: [`e.ip = ${query.add(filter.ip)}`, ...rest], ...cut }),
      sealedBranch(query.add(filter.ipToken), { from, conditions: rest, ...cut }),
    ];
  }
  // `seq + 0` keeps the planner off the primary key: it would expect an id's entries to be spread evenly over the trail.
  const order = filter.stripeId === undefined ? part.order : 'e.seq + 0';
  return [branch({ from, conditions: [...conditions, ...typeConditions(filter.type, query)], order, ...cut })];
}

/** Both tables have a key each, so that an entry comes by one object to one user. */
function objectsOf(user: string): string {
  return `SELECT o.object_id FROM customer_link c JOIN object_link o ON o.customer_id = c.customer_id WHERE c.user_id = ${user}`;
}

function isSelective(filter: EntryFilter): boolean {
  return namesFew(filter) || filter.words !== undefined;
}

interface Branch {
  from: string;
  conditions: string[];
  size: string;
  direction: 'ASC' | 'DESC';
  order?: string;
}

function branch({ from, conditions, size, direction, order = 'e.seq' }: Branch): string {
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return `(SELECT e.* FROM ${from} ${where} ORDER BY ${order} ${direction} LIMIT ${size})`;
}

/**
 * Walks a token's rows in the page's order and stops once there are enough of their entries. A row has one entry; saying so keeps
 * the planner from joining all of both.
 */
function sealedBranch(token: string, { from, conditions, size, direction }: Branch): string {
  const where = ['e.seq = b.seq', ...conditions].join(' AND ');
  return `(SELECT e.* FROM (SELECT seq FROM blind_index WHERE token = ${token} ORDER BY seq ${direction}) AS b
    CROSS JOIN LATERAL (SELECT e.* FROM ${from} WHERE ${where} LIMIT 1) AS e ORDER BY b.seq ${direction} LIMIT ${size})`;
}

/** The branch once for each key, so that each is an ordered range of its own. */
function forEach(keys: string, each: Branch): string {
  return `(SELECT e.* FROM ${keys} CROSS JOIN LATERAL ${branch(each)} AS e)`;
}

/**
 * The distinct types under a prefix, by hopping from one to the next in the index (PostgreSQL has no skip scan before 18). The
 * range is right because the column is COLLATE "C", where `/` follows `.`.
 */
function typesWithPrefix(prefix: string, query: Parameters): string {
  const low = query.add(prefix);
  const high = query.add(`${prefix.slice(0, -1)}/`);
  return `
    WITH RECURSIVE hop (type) AS (
      (SELECT type FROM entry WHERE type >= ${low} AND type < ${high} ORDER BY type LIMIT 1)
      UNION ALL
      SELECT (SELECT type FROM entry WHERE type > hop.type AND type < ${high} ORDER BY type LIMIT 1)
      FROM hop WHERE hop.type IS NOT NULL
    )
    SELECT type FROM hop WHERE type IS NOT NULL`;
}

function equalitiesOf(filter: EntryFilter, query: Parameters): string[] {
  const conditions: string[] = [];
  if (filter.requestId !== undefined) conditions.push(`e.request_id = ${query.add(filter.requestId)}`);
  if (filter.stripeId !== undefined) conditions.push(`e.stripe_ids @> ARRAY[${query.add(filter.stripeId)}]`);
  return conditions;
}

function addressConditions({ ip, ipToken }: EntryFilter, query: Parameters): string[] {
  if (ip === undefined) return [];
  const sealed = `EXISTS (SELECT FROM blind_index b WHERE b.token = ${query.add(ipToken)} AND b.seq = e.seq)`;
  return [`(e.ip = ${query.add(ip)} OR ${sealed})`];
}

function typeConditions(type: TypeFilter | undefined, query: Parameters): string[] {
  if (type === undefined) return [];
  switch (type.kind) {
    case 'exact':
      return [`e.type = ${query.add(type.type)}`];
    case 'prefix':
      return [`starts_with(e.type, ${query.add(type.prefix)})`];
    default:
      return type satisfies never;
  }
}
