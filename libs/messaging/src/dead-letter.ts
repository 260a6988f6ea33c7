import { createHash } from 'node:crypto';
import { toDelivery } from './decode.js';
import type { RawMessage } from './decode.js';

/** A message from a dead-letter queue, as it is parked. */
export interface DeadLetter {
  /** `undecodable` for what is no event: nothing can run it, a person can only look at it. */
  kind: 'event' | 'undecodable';
  id: string;
  type: string;
  /** Up to its first colon the same for all of a kind: `dead_letter` or `undecodable`. */
  reason: string;
  /** JSON: an event's attributes; of what is no event, all headers. */
  headers: string;
  body: Buffer;
}

/** Stands where an event has its type, and is written like one so that it can be asked for. */
export const undecodableType = 'dead_letter.undecodable';

/** What the broker adds to a message has names like this, and some of it differs from delivery to delivery. */
const brokersOwn = 'x-';
/** RabbitMQ documentation, "Dead Letter Exchanges". What is quoted into a reason must be one of ours to know. */
const causes = new Set<unknown>(['rejected', 'expired', 'maxlen', 'delivery_limit']);
const longestReason = 500;

export function toDeadLetter(message: RawMessage): DeadLetter {
  const headers = message.properties.headers ?? {};
  const body = message.content;
  const decoded = toDelivery(message);
  if (!decoded.ok) return undecodable(headers, body, decoded.reason);
  const { attributes } = decoded.delivery;
  const { id, type } = attributes;
  return { kind: 'event', id, type, reason: `dead_letter: ${causeOf(headers)}`, headers: toJson(attributes), body };
}

/** Its id is made of what was published, so that it is the same when the broker brings it again. */
function undecodable(headers: Record<string, unknown>, body: Buffer, why: string): DeadLetter {
  const published = Object.entries(headers).filter(([name]) => !name.startsWith(brokersOwn));
  const hash = createHash('sha256').update(toJson(published)).update('\0').update(body).digest('hex');
  const reason = `undecodable: ${why.replaceAll(/\s+/g, ' ')}`.slice(0, longestReason);
  return { kind: 'undecodable', id: `dead-${hash}`, type: undecodableType, reason, headers: toJson(headers), body };
}

/** Of its last death, which stands first: whoever moved it back to its queue by hand left the earlier ones there. */
function causeOf(headers: Record<string, unknown>): string {
  const deaths = headers['x-death'];
  const last: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  const cause = typeof last === 'object' && last !== null && 'reason' in last ? last.reason : undefined;
  const known = [cause, headers['x-first-death-reason']].find((each) => causes.has(each));
  return typeof known === 'string' ? known : 'unknown';
}

/** A header may be a 64-bit number, which JSON has no word for. */
function toJson(value: object): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
