export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What goes over the wire: a deep copy in which decimals are strings and absent fields are gone. */
export function toJson(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (!isJsonObject(copy)) throw new TypeError('only an object can be sent');
  return copy;
}

const isSame = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Stripe's `previous_attributes`: the old values of the fields that differ. Objects are compared field by field; an
 * array that differs is shown whole; a field that did not exist before is null.
 */
export function previousAttributes(before: JsonObject, after: JsonObject): JsonObject {
  const previous: JsonObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[key], after[key]];
    if (isSame(was, is)) continue;
    previous[key] = isJsonObject(was) && isJsonObject(is) ? previousAttributes(was, is) : (was ?? null);
  }
  return previous;
}
