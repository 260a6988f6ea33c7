import type { EventAttributes } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { z } from 'zod';
import { causeOf } from './run.js';

/** What the ingress would demand of it. */
const listedEvent = z.object({
  id: z
    .string()
    .max(255)
    .regex(/^evt_[A-Za-z0-9_]+$/),
  object: z.literal('event'),
  type: z
    .string()
    .max(240)
    .regex(/^[A-Za-z0-9_[\]-]+(\.[A-Za-z0-9_[\]-]+)*$/),
  created: z.int().nonnegative().max(253_402_300_799),
  livemode: z.boolean(),
  account: z.string().max(255).optional(),
  api_version: z.string().max(255).nullish(),
  data: z.object({ object: z.object({ id: z.string().max(255).optional().catch(undefined) }) }),
});

/** An event of Stripe's list, as far as catching up must know it. */
export interface ListedEvent {
  id: string;
  type: string;
  createdAt: Date;
  attributes: Omit<EventAttributes, 'receivedat' | 'causeid'>;
  /** The whole event, as it was listed. */
  json: object;
}

/** Null for what is no event. */
export function toListedEvent(json: object): ListedEvent | null {
  const parsed = listedEvent.safeParse(json);
  if (!parsed.success) return null;
  const { id, type, created, livemode, account, api_version: version, data } = parsed.data;
  const createdAt = new Date(created * 1_000);
  const attributes = {
    id,
    source: 'stripe',
    type: `stripe.${type}`,
    subject: data.object.id,
    time: createdAt.toISOString(),
    actor: 'stripe',
    account,
    livemode,
    apiversion: version ?? undefined,
  };
  return { id, type, createdAt, attributes, json };
}

/**
 * As the ingress would have handed it on, with the run as its cause. Its bytes are not those that Stripe would have delivered:
 * the same JSON value, written anew and without a signature (decision 0014).
 */
export function toOutgoing({ attributes, json }: ListedEvent, runId: string, at: Date): OutgoingEvent {
  return {
    attributes: { ...attributes, receivedat: at.toISOString(), causeid: causeOf(runId) },
    body: Buffer.from(JSON.stringify(json)),
  };
}
