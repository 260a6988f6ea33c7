import { fromHeaders } from '@billhook/contracts';
import type { Delivery } from './event.js';

export interface RawMessage {
  content: Buffer;
  fields: { redelivered: boolean };
  properties: { headers?: Record<string, unknown> | undefined };
}

/**
 * A message as a delivery, or why it is none. PostgreSQL's text cannot hold a NUL, so an id or a type with one could never be
 * recorded: no event of ours or Stripe's has it.
 */
export function toDelivery(message: RawMessage): { ok: true; delivery: Delivery } | { ok: false; reason: string } {
  const decoded = fromHeaders(message.properties.headers ?? {});
  if (!decoded.ok) return decoded;
  const { attributes } = decoded;
  if (attributes.id.includes('\0') || attributes.type.includes('\0'))
    return { ok: false, reason: 'a NUL in id or type' };
  return { ok: true, delivery: { attributes, body: message.content, redelivered: message.fields.redelivered } };
}
