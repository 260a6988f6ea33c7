import type { EventAttributes } from '@billhook/contracts';
import canonicalize from 'canonicalize';
import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { withoutCardNumbers } from './card-numbers.js';
import { dataOf } from './projection.js';
import { takePersonal } from './personal.js';
import type { Personal, PersonalFields } from './personal.js';
import { referencesOf } from './references.js';
import { at, clippedText, isParsedJson, toStorable } from './storable.js';
import type { Json, Note } from './storable.js';

/** Grows when the meaning of a field changes; entries keep the version they were written with. */
export const contentVersion = 2;

const common = {
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string().nullable(),
  actor: z.string().nullable(),
  cause_id: z.string().nullable(),
  request_id: z.string().nullable(),
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
};

/** A box under the key of that id; what is in it, `seal/box.ts` says. Base64. */
const boxSchema = z.object({ box: z.string(), key: z.string() });

/**
 * What an entry says, and all that its content hash covers. The database's columns are derived from it and hold nothing else.
 * `body` identifies the exact bytes of the event, of which `data` may be only a part; `notes` says what was left out and why. What
 * is personal is in the boxes of `sealed`, and null where it was taken from.
 */
const currentSchema = z.object({
  v: z.literal(contentVersion),
  ...common,
  subscription_id: z.string().nullable(),
  invoice_id: z.string().nullable(),
  session_id: z.string().nullable(),
  sealed: z.array(boxSchema),
});
export type Content = z.infer<typeof currentSchema>;

/** As it was written before anything was sealed. Its entries are in the chain for good, so they stay readable. */
const unsealedSchema = z.object({
  v: z.literal(1),
  ...common,
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
});

/** Of every version there ever was. For proofs: it takes ten times as long as reading what is needed. */
export const contentSchema = z.discriminatedUnion('v', [currentSchema, unsealedSchema]);

const parsedJson = z.custom<Json>(isParsedJson);
const readableSchema = z.discriminatedUnion('v', [
  z.object({
    v: z.literal(contentVersion),
    id: z.string(),
    data: parsedJson,
    notes: z.array(z.string()),
    sealed: z.array(boxSchema),
  }),
  z.object({
    v: z.literal(1),
    id: z.string(),
    data: parsedJson,
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
  }),
]);
/** What of an entry's content is shown to readers. */
export type ReadableContent = z.infer<typeof readableSchema>;

/** undefined for bytes that no version of this service wrote. */
export function readContent(content: Buffer): ReadableContent | undefined {
  try {
    const parsed = readableSchema.safeParse(JSON.parse(content.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // An expected outcome: whoever reads is told that it cannot be read, and verify says why.
    return undefined;
  }
}

/** An entry on its way to being sealed: nothing of `personal` is in `content`, whose boxes are still missing. */
export interface Draft {
  content: Content;
  personal: Personal[];
}

const maxIdLength = 255;
const maxUserAgentLength = 1024;
const maxAddressLength = 64;

/** Never throws: whatever a queue can deliver has an entry, if only with its type, time and hash. */
export function toDraft(event: { attributes: EventAttributes; body: Buffer }): Draft {
  const { attributes, body } = event;
  const notes = new Set<Note>();
  const short = (text: string | undefined): string | null =>
    text === undefined ? null : clippedText(text, maxIdLength, notes);
  const type = clippedText(attributes.type, maxIdLength, notes);
  const id = clippedText(attributes.id, maxIdLength, notes);
  const cause_id = short(attributes.causeid);
  const whole = dataOf(type, body, notes);
  const references = referencesOf(whole, [id, cause_id]);
  // Stripe's events have no field that could be personal: see stripe-shapes.ts.
  const { data, taken } = type.startsWith('stripe.') ? { data: whole, taken: {} } : takePersonal(whole);
  const [actor = null, request_id = null, subject = null] = [
    attributes.actor,
    attributes.requestid,
    attributes.subject,
  ].map(short);
  const source = clippedText(attributes.source, maxIdLength, notes);
  const envelope = envelopeOf(attributes, notes);
  const origin = originOf(attributes, whole, notes);
  // In the order of names: see contentBytes.
  const content: Content = {
    actor,
    body: { bytes: body.length, sha256: hash('sha256', body) },
    cause_id,
    customer_id: references.customerId,
    customer_via: references.customerVia,
    data,
    envelope,
    id,
    invoice_id: references.invoiceId,
    notes: [...notes].toSorted(),
    occurred_at: storableInstant(attributes.time),
    request_id,
    sealed: [],
    session_id: references.sessionId,
    source,
    stripe_ids: references.stripeIds,
    subject,
    subscription_id: references.subscriptionId,
    type,
    user_id: references.userId,
    v: contentVersion,
  };
  return { content, personal: personalOf({ userId: references.userId, actor, origin, taken }) };
}

interface Taken {
  userId: string | null;
  actor: string | null;
  origin: PersonalFields;
  taken: { [pointer: string]: string };
}

/** Where a request came from tells of whoever made it, who need not be whom the event is about. */
function personalOf({ userId, actor, origin, taken }: Taken): Personal[] {
  const hasOrigin = Object.keys(origin).length > 0;
  const hasData = Object.keys(taken).length > 0;
  const whose = /^(?:user|ops):(.+)$/s.exec(actor ?? '')?.[1] ?? userId;
  if (hasOrigin && hasData && whose === userId) return [{ person: userId, fields: { ...origin, data: taken } }];
  return [
    ...(hasOrigin ? [{ person: whose, fields: origin }] : []),
    ...(hasData ? [{ person: userId, fields: { data: taken } }] : []),
  ];
}

/** A rejected delivery has no request of its own behind it: it names in its data from where it came. */
function originOf(attributes: EventAttributes, data: Json, notes: Set<Note>): PersonalFields {
  const named = at(data, 'remote_address');
  const address = attributes.remoteaddress ?? (typeof named === 'string' ? named : undefined);
  const { useragent } = attributes;
  return {
    ...(address === undefined ? {} : { ip: plainAddress(clippedText(address, maxAddressLength, notes)) }),
    ...(useragent === undefined
      ? {}
      : { user_agent: withoutCardNumbers(clippedText(useragent, maxUserAgentLength, notes)) }),
  };
}

/** A name that JavaScript moves before all others, whatever order they were given in. */
const indexName = /"(?:0|[1-9]\d*)":/;

/**
 * The bytes that are hashed and stored: RFC 8785, so that anyone can write them again from the values. Of a content whose names
 * are in order (`toDraft` makes no other) and whose texts are well-formed, `JSON.stringify` writes the same in a fraction of the
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

/** An IPv4 address that arrived over an IPv6 socket is the same address: one spelling, or a filter misses half. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address.toLowerCase();
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
