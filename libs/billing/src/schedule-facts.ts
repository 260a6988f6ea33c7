import { elements, field, id, instant, optionalField, orNull, read, reference } from './json-reader.js';
import type { Place, Reading } from './json-reader.js';

export interface SchedulePhase {
  startsAt: Date;
  priceIds: string[];
}

/** A subscription schedule: what is planned for a subscription. */
export interface ScheduleFacts {
  scheduleId: string;
  customerId: string;
  /** Null before it starts, and once it is released. */
  subscriptionId: string | null;
  /** Stripe's own and open: `not_started`, `active`, `completed`, `released`, `canceled`. */
  status: string;
  /** The phases that have not begun, in their order. */
  nextPhases: SchedulePhase[];
}

export function toScheduleFacts(object: unknown): Reading<ScheduleFacts> {
  return read(object, (root) => ({
    scheduleId: id(field(root, 'id')),
    customerId: reference(field(root, 'customer')),
    subscriptionId: orNull(field(root, 'subscription'), reference),
    status: id(field(root, 'status')),
    nextPhases: readNextPhases(root),
  }));
}

function readNextPhases(root: Place): SchedulePhase[] {
  const status = field(root, 'status').value;
  if (status !== 'not_started' && status !== 'active') return [];
  const began = orNull(optionalField(root, 'current_phase', 'start_date'), instant);
  const phases = elements(field(root, 'phases')).map(readPhase);
  return phases.filter((phase) => began === null || phase.startsAt > began);
}

function readPhase(phase: Place): SchedulePhase {
  const priceOf = (item: Place) =>
    reference(optionalField(item, 'price') ?? optionalField(item, 'plan') ?? field(item, 'price'));
  return { startsAt: instant(field(phase, 'start_date')), priceIds: elements(field(phase, 'items')).map(priceOf) };
}
