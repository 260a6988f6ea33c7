export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** For what `JSON.parse` has just given: it makes nothing else, so that its parts need no look. */
export function isParsedJson(value: unknown): value is Json {
  return value === null || ['string', 'number', 'boolean', 'object'].includes(typeof value);
}

/** What had to be left out or replaced for an entry to be stored; the SHA-256 of the exact body is kept beside it. */
export type Note =
  | 'body_not_json'
  | 'body_not_utf8'
  | 'characters_replaced'
  | 'numbers_replaced'
  | 'depth_cut'
  | 'list_cut'
  | 'text_cut'
  | 'link_left_out'
  | 'card_number_removed'
  | 'type_unknown'
  | 'data_not_understood'
  | 'personal_data_erased'
  | 'data_too_large';

/** Deeper than anything Billhook or Stripe sends, and far from where PostgreSQL's jsonb parser runs out of stack. */
const maxDepth = 32;
const replacement = '\uFFFD';

/**
 * Copies a parsed JSON value into one that PostgreSQL and RFC 8785 both take. jsonb and text refuse U+0000; jsonb and RFC 8785
 * refuse lone surrogates; RFC 8785 refuses what `JSON.parse('1e400')` gives, Infinity. Names come in RFC 8785's order.
 */
export function toStorable(value: unknown, notes: Set<Note>, depth = 0): Json {
  switch (typeof value) {
    case 'string':
      return storableText(value, notes);
    case 'number':
      return storableNumber(value, notes);
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : storableContainer(value, notes, depth);
    default:
      return null;
  }
}

export function storableText(text: string, notes: Set<Note>): string {
  const storable = text.toWellFormed().replaceAll('\0', replacement);
  if (storable !== text) notes.add('characters_replaced');
  return storable;
}

/** For text that someone outside chooses: at most `length` UTF-16 units of it. */
export function clippedText(text: string, length: number, notes: Set<Note>): string {
  if (text.length <= length) return storableText(text, notes);
  notes.add('text_cut');
  return storableText(text.slice(0, length), notes);
}

export function storableNumber(value: number, notes: Set<Note>): number | null {
  if (Number.isFinite(value)) return value;
  notes.add('numbers_replaced');
  return null;
}

function storableContainer(value: object, notes: Set<Note>, depth: number): Json {
  if (depth >= maxDepth) {
    notes.add('depth_cut');
    return null;
  }
  if (Array.isArray(value)) return value.map((each: unknown) => toStorable(each, notes, depth + 1));
  const named = Object.entries(value).map(([name, each]) => [storableText(name, notes), each] as const);
  // fromEntries defines properties, so that a key `__proto__` becomes an ordinary one.
  return Object.fromEntries(named.toSorted(byName).map(([name, each]) => [name, toStorable(each, notes, depth + 1)]));
}

/** By UTF-16 code units, as JavaScript compares and RFC 8785 wants it. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The value at a path of names, or undefined. Own properties only. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  let here = value;
  for (const name of path) {
    if (!isRecord(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

export function isRecord(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
