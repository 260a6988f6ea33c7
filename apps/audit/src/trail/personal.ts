import { z } from 'zod';
import { isRecord } from './storable.js';
import type { Json } from './storable.js';

/** What tells something about a person, taken out of an entry: `data` by JSON pointer (RFC 6901). Never stored as it is. */
export const personalFieldsSchema = z.object({
  ip: z.string().optional(),
  user_agent: z.string().optional(),
  data: z.record(z.string(), z.string()).optional(),
});
export type PersonalFields = z.infer<typeof personalFieldsSchema>;

/** Fields of one entry that go under one key. `person` is a user id; null where nobody knows whose they are. */
export interface Personal {
  person: string | null;
  fields: PersonalFields;
}

const personalNames = new Set([
  'email',
  'name',
  'first_name',
  'last_name',
  'full_name',
  'phone',
  'address',
  'remote_address',
  'ip',
  'user_agent',
]);
/** An address in a sentence makes the sentence personal. Ids are pseudonyms, also where a product makes them of addresses. */
const emailAddress = /[^\s@]@[^\s@]+\.[^\s@]/;

/** `data` with null in the place of what was taken. Most events say nothing of the kind and are given back as they are. */
export function takePersonal(data: Json): { data: Json; taken: { [pointer: string]: string } } {
  const taken: { [pointer: string]: string } = {};
  return { data: take(data, { name: '', pointer: '' }, taken), taken };
}

function take(value: Json, place: { name: string; pointer: string }, taken: { [pointer: string]: string }): Json {
  if (typeof value === 'string') {
    if (!isPersonal(place.name, value)) return value;
    taken[place.pointer] = value;
    return null;
  }
  if (Array.isArray(value)) {
    return value.map((each, index) => take(each, { name: place.name, pointer: `${place.pointer}/${index}` }, taken));
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      take(each, { name, pointer: `${place.pointer}/${escaped(name)}` }, taken),
    ]),
  );
}

function isPersonal(name: string, value: string): boolean {
  return personalNames.has(name) || (!isIdName(name) && value.includes('@') && emailAddress.test(value));
}

export function isIdName(name: string): boolean {
  return name === 'id' || name.endsWith('_id');
}

/** The reverse of `takePersonal`, for whoever may read it. */
export function putBack(data: Json, taken: { [pointer: string]: string }): Json {
  return Object.keys(taken).length === 0 ? data : put(data, '', taken);
}

function put(value: Json, pointer: string, taken: { [pointer: string]: string }): Json {
  if (value === null) return Object.hasOwn(taken, pointer) ? (taken[pointer] ?? null) : null;
  if (Array.isArray(value)) return value.map((each, index) => put(each, `${pointer}/${index}`, taken));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, put(each, `${pointer}/${escaped(name)}`, taken)]),
  );
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
