import type { FetchedSubscription } from '@billhook/billing';
import type { RawEvent } from '../intake/raw-event.store.js';

/** Not published by anybody: it stands among the raw events only. */
export const fetchedType = 'subscription.fetched';

/**
 * What Stripe answered (and of what is past due, what its invoices say: `unpaid_since`), to be kept like an event that came in: a
 * rebuild finds it where it was applied, and need not ask Stripe for a state that is long gone. The id is that of its effect.
 */
export function fetchedEvent(
  { at, snapshot }: FetchedSubscription,
  about: { effect: string; causeId: string; customerId: string; userId: string },
  object: unknown,
): RawEvent {
  const { effect: id, causeId, customerId, userId } = about;
  const attributes = {
    id,
    source: 'subscription',
    type: fetchedType,
    subject: snapshot.subscriptionId,
    time: at.toISOString(),
    causeid: causeId,
    actor: 'stripe',
  };
  const delivery = { attributes, body: Buffer.from(JSON.stringify(object)), redelivered: false };
  return { id, delivery, customerId, userId, at };
}
