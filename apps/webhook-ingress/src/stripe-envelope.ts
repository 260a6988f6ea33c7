import type { EventAttributes } from '@billhook/contracts';
import { z } from 'zod';

const idPattern = /^evt_[A-Za-z0-9_]+$/;
/**
 * It becomes a routing key, of which AMQP allows 255 bytes, prefix included. Types of v2 events have brackets as well:
 * `v2.core.account[requirements].updated`.
 */
const typePattern = /^[A-Za-z0-9_[\]-]+(\.[A-Za-z0-9_[\]-]+)*$/;
/** 9999-12-31: what ISO 8601 writes with four digits. */
const latestSecond = 253_402_300_799;

const id = z.string().max(255).regex(idPattern);
const type = z.string().max(240).regex(typePattern);
const short = z.string().max(255);
/** Only a label on the envelope: an object without an id (a balance, an upcoming invoice) is an object all the same. */
const named = z.object({ id: short.optional().catch(undefined) });
const related = z.object({ id: short.optional().catch(undefined), type: short.optional().catch(undefined) });

const snapshotEvent = z.object({
  object: z.literal('event'),
  id,
  type,
  created: z.int().nonnegative().max(latestSecond),
  livemode: z.boolean(),
  account: short.optional(),
  api_version: short.nullish(),
  data: z.object({ object: named }),
});

/** Stripe's v2 events carry no snapshot: a name of what changed, to be fetched. */
const thinEvent = z.object({
  object: z.literal('v2.core.event'),
  id,
  type,
  created: z.iso.datetime({ offset: true }),
  livemode: z.boolean(),
  context: short.nullish(),
  related_object: related.nullish(),
  snapshot_event: short.nullish().catch(undefined),
});

const stripeEvent = z.discriminatedUnion('object', [snapshotEvent, thinEvent]);

/** What the ingress needs to know of an event to route, deduplicate and trace it. Everything else stays in the bytes. */
export interface StripeEnvelope {
  id: string;
  type: string;
  createdAt: Date;
  livemode: boolean;
  account: string | undefined;
  apiVersion: string | undefined;
  objectId: string | undefined;
  /** Only of thin events: what kind of object to fetch, and the snapshot event that tells the same. */
  objectType: string | undefined;
  snapshotEvent: string | undefined;
}

/** Fatal, and keeping a byte-order mark: what is not exactly JSON in UTF-8 was not written by Stripe. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Why a body is no event is told instead of thrown: that is the sender's fault, not ours. */
export type EnvelopeReading = { ok: true; event: StripeEnvelope } | { ok: false; reason: string };

/** Reads a body whose signature held. */
export function readEnvelope(body: Buffer): EnvelopeReading {
  const json = parseJson(body);
  return json.ok ? envelopeOf(json.value) : json;
}

export function envelopeOf(json: unknown): EnvelopeReading {
  const parsed = stripeEvent.safeParse(json);
  if (!parsed.success) return { ok: false, reason: z.prettifyError(parsed.error) };
  return { ok: true, event: toEnvelope(parsed.data) };
}

function toEnvelope(event: z.infer<typeof stripeEvent>): StripeEnvelope {
  const { id: eventId, type: eventType, livemode } = event;
  const common = { id: eventId, type: eventType, livemode, createdAt: toDate(event.created) };
  switch (event.object) {
    case 'event':
      return {
        ...common,
        account: event.account,
        apiVersion: event.api_version ?? undefined,
        objectId: event.data.object.id,
        objectType: undefined,
        snapshotEvent: undefined,
      };
    case 'v2.core.event':
      return {
        ...common,
        account: event.context ?? undefined,
        apiVersion: undefined,
        objectId: event.related_object?.id,
        objectType: event.related_object?.type,
        snapshotEvent: event.snapshot_event ?? undefined,
      };
    default:
      return event satisfies never;
  }
}

function toDate(created: number | string): Date {
  return new Date(typeof created === 'number' ? created * 1000 : created);
}

function parseJson(body: Buffer): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(utf8.decode(body)) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

export type Mismatch = 'livemode_mismatch' | 'account_mismatch';

/** Which events this deployment takes. One Stripe account, one mode: anything else is somebody else's money. */
export function mismatchOf(
  event: StripeEnvelope,
  expected: { livemode: boolean; accountId: string | undefined },
): Mismatch | undefined {
  if (event.livemode !== expected.livemode) return 'livemode_mismatch';
  if (event.account !== undefined && event.account !== expected.accountId) return 'account_mismatch';
  return undefined;
}

export function toAttributes(event: StripeEnvelope, arrival: { at: Date; requestId: string }): EventAttributes {
  return {
    id: event.id,
    source: 'stripe',
    type: `stripe.${event.type}`,
    subject: event.objectId,
    time: event.createdAt.toISOString(),
    actor: 'stripe',
    requestid: arrival.requestId,
    receivedat: arrival.at.toISOString(),
    account: event.account,
    livemode: event.livemode,
    apiversion: event.apiVersion,
    objecttype: event.objectType,
    snapshotevent: event.snapshotEvent,
  };
}
