import { parseDomainEvent } from '@billhook/contracts';
import type { EventData } from '@billhook/contracts';
import type { Delivery } from '@billhook/messaging';

/** Somebody to be forgotten, as an event asked for it. */
export interface Erasure {
  eventId: string;
  data: EventData<'billing.account.erasure_requested'>;
}

const type = 'billing.account.erasure_requested';

/**
 * What a batch asks to be forgotten, each event once however often it stands in it. An event that does not say whom stays an entry,
 * and asks for nothing.
 */
export function erasuresIn(deliveries: readonly Pick<Delivery, 'attributes' | 'body'>[]): Erasure[] {
  const asked = deliveries.flatMap(({ attributes, body }) => {
    if (attributes.type !== type) return [];
    const parsed = parseDomainEvent(type, body.toString('utf8'));
    return parsed.ok ? [{ eventId: attributes.id, data: parsed.data }] : [];
  });
  return [...new Map(asked.map((erasure) => [erasure.eventId, erasure])).values()];
}
