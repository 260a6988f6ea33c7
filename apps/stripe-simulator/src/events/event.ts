import type Stripe from 'stripe';
import { newId } from '../world/ids.js';

interface EventInput {
  type: Stripe.Event.Type;
  object: object;
  previous: object | undefined;
  cause: { id: string | null; idempotencyKey: string | null };
  created: number;
  /** The account's version at the time; the object is kept in the newest shape and rendered when it is read. */
  version: string;
  /** Endpoints that have not answered 2xx yet. */
  pending: number;
}

export const anEvent = (input: EventInput): Stripe.EventBase => ({
  id: newId('evt_'),
  object: 'event',
  api_version: input.version,
  created: input.created,
  data: { object: input.object, ...(input.previous && { previous_attributes: input.previous }) },
  livemode: false,
  pending_webhooks: input.pending,
  request: { id: input.cause.id, idempotency_key: input.cause.idempotencyKey },
  type: input.type,
});
