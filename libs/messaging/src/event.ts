import type { EventAttributes } from '@billhook/contracts';

/** An event on its way to the broker. `attributes.type` is the routing key; the body travels byte for byte. */
export interface OutgoingEvent {
  attributes: EventAttributes;
  body: Buffer;
  /** Default `application/json`. */
  contentType?: string;
}

/** An event as a consumer receives it. */
export interface Delivery {
  attributes: EventAttributes;
  body: Buffer;
  /** It may have been tried before: by this process, or by one that died with it in hand. */
  redelivered: boolean;
}

/**
 * What became of one event. `parked` waits in PostgreSQL for a person or for another event; `key` is what that other event
 * would look it up by (a customer id, say).
 */
export type Outcome =
  | { kind: 'applied' }
  | { kind: 'duplicate' }
  | { kind: 'ignored'; reason: string }
  | { kind: 'parked'; reason: string; key?: string };

/** What a handler tells the transport: an outcome, or to hand the same delivery in again after a while. */
export type Settlement = Outcome | { kind: 'retry'; reason: string; afterMs: number };
