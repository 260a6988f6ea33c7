/** What reading a document of unknown shape gives: a value, or the path of the first thing that could not be read. */
export type Reading<T> = { ok: true; value: T } | { ok: false; path: string };

/** One place in a parsed JSON document, with the path that leads to it. */
export interface Place {
  value: unknown;
  path: string;
}

/** Thrown by the small readers below and caught by `read` alone, so that a missing leaf needs no test at each level above it. */
class Unreadable extends Error {
  constructor(readonly path: string) {
    super(`cannot read ${path}`);
  }
}

/** The path of what is not even an object. */
export const wholeDocument = '(document)';

/** 9999-12-31T23:59:59Z: past it ISO 8601 needs more than four digits for the year, which no contract of ours takes. */
const lastSecond = 253_402_300_799;
/** Stripe's ids, statuses and currencies. Keeps out what a text column refuses (NUL) and what has no business in an id. */
const idPattern = /^[\x21-\x7e]{1,255}$/;
const webAddressPattern = /^https?:\/\/[\x21-\x7e]{1,2000}$/;
/** PostgreSQL's jsonb refuses unpaired surrogates, and neither it nor text takes NUL. */
const unpairedSurrogate = /[\ud800-\udfff]/u;

export function read<T>(document: unknown, reader: (root: Place) => T): Reading<T> {
  try {
    return { ok: true, value: reader({ value: document, path: '' }) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, path: error.path };
    throw error;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of an object; absent and null fields are places too, whose value is null. */
export function field(place: Place, name: string): Place {
  if (!isRecord(place.value)) throw new Unreadable(place.path || wholeDocument);
  const value = Object.hasOwn(place.value, name) ? place.value[name] : null;
  return { value: value ?? null, path: place.path === '' ? name : `${place.path}.${name}` };
}

/** Walks through objects that may be absent: null as soon as one is. */
export function optionalField(place: Place, ...names: string[]): Place | null {
  let current: Place = place;
  for (const name of names) {
    if (current.value === null) return null;
    current = field(current, name);
  }
  return current.value === null ? null : current;
}

export function elements(place: Place): Place[] {
  if (!Array.isArray(place.value)) throw new Unreadable(place.path);
  const values: readonly unknown[] = place.value;
  return values.map((value, index) => ({ value, path: `${place.path}[${index}]` }));
}

export function id(place: Place): string {
  if (typeof place.value !== 'string' || !idPattern.test(place.value)) throw new Unreadable(place.path);
  return place.value;
}

/** For a link that is shown to somebody: nothing that a browser would run. */
export function webAddress(place: Place): string {
  if (typeof place.value !== 'string' || !webAddressPattern.test(place.value)) throw new Unreadable(place.path);
  return place.value;
}

/** Stripe gives a reference as an id or, expanded, as the whole object. */
export function reference(place: Place): string {
  return isRecord(place.value) ? id(field(place, 'id')) : id(place);
}

export function integer(place: Place): number {
  if (typeof place.value !== 'number' || !Number.isSafeInteger(place.value)) throw new Unreadable(place.path);
  return place.value;
}

export function flag(place: Place): boolean {
  if (typeof place.value !== 'boolean') throw new Unreadable(place.path);
  return place.value;
}

/** Stripe's times are whole seconds since 1970. */
export function instant(place: Place): Date {
  const seconds = integer(place);
  if (seconds < 0 || seconds > lastSecond) throw new Unreadable(place.path);
  return new Date(seconds * 1000);
}

export function orNull<T>(place: Place | null, reader: (place: Place) => T): T | null {
  return place === null || place.value === null ? null : reader(place);
}

/** The `user_id` that our own gateway writes into Stripe's metadata; null where nobody wrote one. */
export function userIdIn(metadata: Place | null): string | null {
  const place = metadata === null ? null : optionalField(metadata, 'user_id');
  if (place === null || place.value === '') return null;
  const value = place.value;
  if (typeof value !== 'string' || value.length > 255 || !isStorable(value)) throw new Unreadable(place.path);
  return value;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && !unpairedSurrogate.test(text);
}
