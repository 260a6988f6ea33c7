import type { Settled } from './inbox.store.js';
import type { OutboxEvent } from './outbox.store.js';

/** `billing.event.parked` for each event that was parked. */
export function toAnnouncements(settled: readonly Settled[], now: Date): OutboxEvent[] {
  return settled.flatMap(({ delivery, outcome, attempts = 0 }): OutboxEvent[] => {
    if (outcome.kind !== 'parked') return [];
    const { id, type } = delivery.attributes;
    const data = { event_id: id, event_type: type, reason: outcome.reason, attempts };
    return [{ event: { type: 'billing.event.parked', data }, causeId: id, subject: id, at: now }];
  });
}
