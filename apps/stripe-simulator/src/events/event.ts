import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

/** The API version this pretend account is pinned to; what it renders is in this version's shapes. */
export const apiVersion = '2026-10-28.endive';

interface EventInput {
  type: Stripe.Event.Type;
  object: object;
  previous: object | undefined;
  cause: { id: string | null; idempotencyKey: string | null };
  created: number;
  /** Endpoints that have not answered 2xx yet. */
  pending: number;
}

export const anEvent = (input: EventInput): Stripe.EventBase => ({
  id: newId('evt_'),
  object: 'event',
  api_version: apiVersion,
  created: input.created,
  data: { object: input.object, ...(input.previous && { previous_attributes: input.previous }) },
  livemode: false,
  pending_webhooks: input.pending,
  request: { id: input.cause.id, idempotency_key: input.cause.idempotencyKey },
  type: input.type,
});
