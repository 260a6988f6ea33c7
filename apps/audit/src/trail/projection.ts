import { isDomainEventType, parseDomainEvent } from '@billhook/contracts';
import type { DomainEventType } from '@billhook/contracts';
import { isUtf8 } from 'node:buffer';
import { withoutCardNumbers } from './card-numbers.js';
import { isIdName } from './personal.js';
import { findable } from './references.js';
import { isParsedJson, isRecord, toStorable } from './storable.js';
import type { Json, Note } from './storable.js';
import { projectStripeEvent } from './stripe-projection.js';

const maxDataBytes = 256 * 1024;
/** Written again, JSON grows less than eightfold (`1e20` is the worst): a body up to this size need not be measured. */
const surelySmallBytes = maxDataBytes / 8;

/**
 * What the trail keeps of an event's body: of Stripe's and of our own events the fields that are known, of anything else the ids
 * alone. Null where the body is no JSON, or too large; the notes say so.
 */
export function dataOf(type: string, body: Buffer, notes: Set<Note>): Json {
  const text = textOf(body, notes);
  const parsed = parse(text, notes);
  if (parsed === undefined) return null;
  const data = project(type, { text, parsed }, notes);
  if (body.length <= surelySmallBytes || byteLength(data) <= maxDataBytes) return data;
  notes.add('data_too_large');
  return null;
}

function project(type: string, { text, parsed }: { text: string; parsed: Json }, notes: Set<Note>): Json {
  if (type.startsWith('stripe.')) return projectStripeEvent(parsed, notes);
  if (isDomainEventType(type)) return projectDomainEvent(type, text, parsed, notes);
  notes.add('type_unknown');
  return idsOf(parsed);
}

/** The schema is the list of what may be kept: what it does not name is left out, as it is of Stripe's events. */
function projectDomainEvent(type: DomainEventType, text: string, parsed: Json, notes: Set<Note>): Json {
  const known = parseDomainEvent(type, text);
  if (!known.ok) {
    notes.add('data_not_understood');
    return idsOf(parsed);
  }
  return withoutCards(toStorable(withoutPaymentLink(known.data, notes), notes), notes);
}

const maxUserIdLength = 255;

/** Enough to find the event by, and nothing that anybody could have written into it. */
function idsOf(data: Json): Json {
  if (!isRecord(data)) return null;
  const kept = Object.entries(data).filter(([name, value]) => typeof value === 'string' && isId(name, value));
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isId(name: string, value: string): boolean {
  if (name === 'user_id') return value.length <= maxUserIdLength && value.isWellFormed() && !value.includes('\0');
  return idName.test(name) && findable.test(value);
}

const idName = /^[a-z_]{1,64}$/;

/** Ids are left as they are: a user id may be any number, and one in ten would look like a card. */
function withoutCards(value: Json, notes: Set<Note>, name = ''): Json {
  if (typeof value === 'string') return isIdName(name) ? value : cleaned(value, notes);
  if (Array.isArray(value)) return value.map((each) => withoutCards(each, notes, name));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutCards(each, notes, key)]));
}

function cleaned(text: string, notes: Set<Note>): string {
  const without = withoutCardNumbers(text);
  if (without !== text) notes.add('card_number_removed');
  return without;
}

/** The page on which a payment is finished opens for whoever knows its address: a key, of which the trail keeps none. */
function withoutPaymentLink(data: object, notes: Set<Note>): object {
  if (!('action_required' in data) || !isObject(data.action_required) || !('url' in data.action_required)) return data;
  notes.add('link_left_out');
  const { url: _key, ...others } = data.action_required;
  return { ...data, action_required: others };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const utf8 = new TextDecoder();

function textOf(body: Buffer, notes: Set<Note>): string {
  if (!isUtf8(body)) notes.add('body_not_utf8');
  return utf8.decode(body);
}

function parse(text: string, notes: Set<Note>): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isParsedJson(value) ? value : undefined;
  } catch {
    // An expected outcome: the entry says so and keeps the body's hash.
    notes.add('body_not_json');
    return undefined;
  }
}

function byteLength(data: Json): number {
  return Buffer.byteLength(JSON.stringify(data), 'utf8');
}
