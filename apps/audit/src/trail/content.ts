import type { EventAttributes } from '@billhook/contracts';
import canonicalize from 'canonicalize';
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { referencesOf } from './references.js';
import { at, clippedText, isParsedJson, toStorable } from './storable.js';
import type { Json, Note } from './storable.js';
import { projectStripeEvent } from './stripe-projection.js';

/** Grows when the meaning of a field changes; entries keep the version they were written with. */
export const contentVersion = 1;

/**
 * What an entry says, and all that its content hash covers. The database's columns are derived from it and hold nothing else.
 * `body` identifies the exact bytes of the event, of which `data` may be only a part; `notes` says what was left out and why.
 */
export const contentSchema = z.object({
  v: z.literal(contentVersion),
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string().nullable(),
  actor: z.string().nullable(),
  cause_id: z.string().nullable(),
  request_id: z.string().nullable(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  /** ISO 8601 UTC, milliseconds; null when the event's time is outside the years 1 to 9999. */
  occurred_at: z.string().nullable(),
  user_id: z.string().nullable(),
  customer_id: z.string().nullable(),
  customer_via: z.string().nullable(),
  stripe_ids: z.array(z.string()),
  envelope: z.json(),
  body: z.object({ sha256: z.string(), bytes: z.int() }),
  data: z.json(),
  notes: z.array(z.string()),
});
export type Content = z.infer<typeof contentSchema>;

const maxIdLength = 255;
const maxUserAgentLength = 1024;
const maxAddressLength = 64;
const maxDataBytes = 256 * 1024;
/** Written again, JSON grows less than eightfold (`1e20` is the worst): a body up to this size need not be measured. */
const surelySmallBytes = maxDataBytes / 8;

/** Never throws: whatever a queue can deliver has an entry, if only with its type, time and hash. */
export function toContent(event: { attributes: EventAttributes; body: Buffer }): Content {
  const { attributes, body } = event;
  const notes = new Set<Note>();
  const short = (text: string | undefined): string | null =>
    text === undefined ? null : clippedText(text, maxIdLength, notes);
  const type = clippedText(attributes.type, maxIdLength, notes);
  const id = clippedText(attributes.id, maxIdLength, notes);
  const cause_id = short(attributes.causeid);
  const data = dataOf(type, body, notes);
  const references = referencesOf(data, [id, cause_id]);
  const user_agent =
    attributes.useragent === undefined ? null : clippedText(attributes.useragent, maxUserAgentLength, notes);
  const [actor, request_id, subject] = [attributes.actor, attributes.requestid, attributes.subject].map(short);
  const source = clippedText(attributes.source, maxIdLength, notes);
  const ip = addressOf(attributes, data, notes);
  const envelope = envelopeOf(attributes, notes);
  // In the order of names: see contentBytes.
  return {
    actor: actor ?? null,
    body: { bytes: body.length, sha256: hash('sha256', body) },
    cause_id,
    customer_id: references.customerId,
    customer_via: references.customerVia,
    data,
    envelope,
    id,
    ip,
    notes: [...notes].toSorted(),
    occurred_at: storableInstant(attributes.time),
    request_id: request_id ?? null,
    source,
    stripe_ids: references.stripeIds,
    subject: subject ?? null,
    type,
    user_agent,
    user_id: references.userId,
    v: contentVersion,
  };
}

/** A name that JavaScript moves before all others, whatever order they were given in. */
const indexName = /"(?:0|[1-9]\d*)":/;

/**
 * The bytes that are hashed and stored: RFC 8785, so that anyone can write them again from the values. Of a content whose names
 * are in order (`toContent` makes no other) and whose texts are well-formed, `JSON.stringify` writes the same in a fraction of the
 * time; a spec holds the two equal.
 */
export function contentBytes(content: Content): Buffer {
  const text = JSON.stringify(content);
  return Buffer.from(indexName.test(text) ? canonical(content) : text, 'utf8');
}

function canonical(content: Content): string {
  const text = canonicalize(content);
  if (text === undefined) throw new Error('an entry without content');
  return text;
}

/** A rejected delivery has no request of its own behind it: it names in its data from where it came. */
function addressOf(attributes: EventAttributes, data: Json, notes: Set<Note>): string | null {
  const named = at(data, 'remote_address');
  const address = attributes.remoteaddress ?? (typeof named === 'string' ? named : undefined);
  return address === undefined ? null : plainAddress(clippedText(address, maxAddressLength, notes));
}

/** An IPv4 address that arrived over an IPv6 socket is the same address: one spelling, or a filter misses half. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address.toLowerCase();
}

function dataOf(type: string, body: Buffer, notes: Set<Note>): Json {
  const parsed = parse(body, notes);
  if (parsed === undefined) return null;
  const data = type.startsWith('stripe.')
    ? projectStripeEvent(parsed, notes)
    : toStorable(withoutPaymentLink(parsed, notes), notes);
  if (body.length <= surelySmallBytes || byteLength(data) <= maxDataBytes) return data;
  notes.add('data_too_large');
  return null;
}

/** The page on which a payment is finished opens for whoever knows its address: a key, of which the trail keeps none. */
function withoutPaymentLink(data: Json, notes: Set<Note>): Json {
  const action = at(data, 'action_required');
  if (!isObject(data) || !isObject(action) || !('url' in action)) return data;
  notes.add('link_left_out');
  const { url: _key, ...others } = action;
  return { ...data, action_required: others };
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const utf8 = new TextDecoder();

function parse(body: Buffer, notes: Set<Note>): Json | undefined {
  if (!isUtf8(body)) notes.add('body_not_utf8');
  try {
    const value: unknown = JSON.parse(utf8.decode(body));
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

/** What the transport said about the event that has no field of its own. */
function envelopeOf(attributes: EventAttributes, notes: Set<Note>): Json {
  const { traceparent, dataversion, receivedat, account, livemode, apiversion } = attributes;
  // In the order of names: see contentBytes.
  const given = { account, apiversion, dataversion, livemode, receivedat, traceparent };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    present.map(([name, value]) => [
      name,
      typeof value === 'string' ? clippedText(value, maxIdLength, notes) : toStorable(value, notes),
    ]),
  );
}

/** PostgreSQL has no year 0, and takes at most four digits here. */
function storableInstant(time: string): string | null {
  const instant = new Date(time);
  if (Number.isNaN(instant.getTime())) return null;
  const year = instant.getUTCFullYear();
  return year >= 1 && year <= 9999 ? instant.toISOString() : null;
}
