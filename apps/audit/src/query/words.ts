import { namesFew } from './entry-filter.js';
import type { EntryFilter } from './entry-filter.js';
import type { Parameters } from './parameters.js';
import { rangeOf } from './ranges.js';

/** A part of the trail, and what holds for the entries `e` that are looked for in it. */
export interface Part {
  from: string;
  conditions: string[];
  /** What runs with seq and says best in which order the part is read; `e.seq` unless given. */
  order?: string;
}

/** Words are indexed behind the trail: what is newer than the index is read through. */
export function partsOf(filter: EntryFilter, query: Parameters): Part[] {
  if (filter.words === undefined) return [{ from: 'entry e', conditions: [] }];
  const asked = `plainto_tsquery('simple', ${query.add(filter.words)})`;
  return [
    indexedWords(filter, asked, query),
    {
      from: 'entry e',
      conditions: [`e.seq > coalesce((SELECT max(seq) FROM entry_words), 0)`, `words_of(e.content) @@ ${asked}`],
    },
  ];
}

/**
 * By its words first and then entry by entry; or the other way round where something else says more. Never joined freely: how many
 * entries have a word is known to the planner by chance only, and where it expects many, it joins whole months.
 */
function indexedWords(filter: EntryFilter, asked: string, query: Parameters): Part {
  if (namesFew(filter)) {
    const has = `EXISTS (SELECT FROM entry_words w WHERE w.seq = e.seq AND w.words @@ ${asked} OFFSET 0)`;
    return { from: 'entry e', conditions: [has] };
  }
  const where = [`w.words @@ ${asked}`, ...rangeOf(filter, query, 'w')].join(' AND ');
  const entry = 'SELECT e.* FROM entry e WHERE e.seq = w.seq AND e.recorded_at = w.recorded_at LIMIT 1';
  return {
    from: `(SELECT w.seq, w.recorded_at FROM entry_words w WHERE ${where}) AS w CROSS JOIN LATERAL (${entry}) AS e`,
    conditions: [],
    order: 'w.seq',
  };
}
