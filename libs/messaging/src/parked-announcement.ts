import type { Settled } from './inbox.store.js';
import type { OutboxEvent } from './outbox.store.js';

export interface Parked {
  id: string;
  type: string;
  reason: string;
  attempts: number;
}

/** `billing.event.parked` for each event that was parked. */
export function toAnnouncements(settled: readonly Settled[], now: Date): OutboxEvent[] {
  return settled.flatMap(({ delivery: { attributes }, outcome, attempts = 0 }): OutboxEvent[] => {
    if (outcome.kind !== 'parked') return [];
    const { id, type } = attributes;
    return [toAnnouncement({ id, type, reason: outcome.reason, attempts }, now)];
  });
}

export function toAnnouncement({ id, type, reason, attempts }: Parked, now: Date): OutboxEvent {
  const data = { event_id: id, event_type: type, reason, attempts };
  return { event: { type: 'billing.event.parked', data }, causeId: id, subject: id, at: now };
}
