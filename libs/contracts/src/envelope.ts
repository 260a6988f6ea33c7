import { z } from 'zod';

/**
 * CloudEvents attributes, carried as AMQP headers in binary mode: the body is the event's data and nothing else, so that what
 * Stripe signed reaches every consumer byte for byte. `id` is the deduplication key: Stripe's `evt_…`, or a UUIDv5.
 */
export const attributesSchema = z.object({
  id: z.string().min(1).max(255),
  source: z.string().min(1),
  /** Equal to the routing key. */
  type: z.string().min(1).max(255),
  subject: z.string().optional(),
  /** When it happened, ISO 8601 UTC. For Stripe's events: `created`. */
  time: z.iso.datetime(),
  /** The id of the event or request that led to this one. */
  causeid: z.string().optional(),
  /** `stripe`, `user:<id>`, `ops:<id>` or `service:<name>`. */
  actor: z.string().optional(),
  remoteaddress: z.string().optional(),
  useragent: z.string().optional(),
  requestid: z.string().optional(),
  traceparent: z.string().optional(),
  /** Version of the data's schema; absent on `stripe.*`, whose shape is Stripe's. */
  dataversion: z.int().positive().optional(),
  /** Only on `stripe.*`: when the ingress took it, which account and mode it is of, which API version shaped the body. */
  receivedat: z.iso.datetime().optional(),
  account: z.string().optional(),
  livemode: z.boolean().optional(),
  apiversion: z.string().optional(),
  /** Only on Stripe's thin events: the kind of object `subject` names, and the snapshot event that tells the same. */
  objecttype: z.string().optional(),
  snapshotevent: z.string().optional(),
});
export type EventAttributes = z.infer<typeof attributesSchema>;

export type EventHeaders = Record<string, string | number | boolean>;

const prefix = 'cloudEvents:';
const specVersion = '1.0';
const specVersionHeader = `${prefix}specversion`;

/** Written out once: a name put together per event costs as much as the rest of the header. */
const headerNames = attributesSchema.keyof().options.map((name) => [name, prefix + name] as const);

/** The prefix is the one CloudEvents' AMQP binding gives its application properties. */
export function toHeaders(attributes: EventAttributes): EventHeaders {
  const headers: EventHeaders = { [specVersionHeader]: specVersion };
  for (const [name, header] of headerNames) {
    const value = attributes[name];
    if (value !== undefined) headers[header] = value;
  }
  return headers;
}

/** Returns a reason instead of throwing: an undecodable message is an expected outcome at the edge of a queue. */
export function fromHeaders(
  headers: Record<string, unknown>,
): { ok: true; attributes: EventAttributes } | { ok: false; reason: string } {
  const named = Object.entries(headers)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const);
  const parsed = attributesSchema.safeParse(Object.fromEntries(named));
  return parsed.success ? { ok: true, attributes: parsed.data } : { ok: false, reason: z.prettifyError(parsed.error) };
}
