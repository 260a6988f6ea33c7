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
  /**
   * Set when an event that was settled once is run again by hand. What it led to then may be committed: its bytes kept, events
   * announced under ids that come from its own. What this run announces is something new and takes this into its ids.
   */
  replayId?: string;
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

/** What stands in an inbox about an event: what became of it, or that it failed and is tried again. */
export type InboxStatus = Exclude<Outcome['kind'], 'duplicate'> | 'retrying';

/** What a handler tells the transport: an outcome, or that the event failed and waits in PostgreSQL for its next try. */
export type Settlement = Outcome | { kind: 'retrying'; reason: string; attempts: number };
