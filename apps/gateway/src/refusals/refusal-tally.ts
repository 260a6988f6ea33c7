import type { EventData } from '@billhook/contracts';

/** One thing that was refused, to one user at one address. */
export type Refusal = Omit<EventData<'gateway.request.refused'>, 'count'>;
export type RefusalCount = EventData<'gateway.request.refused'>;

/** Stands for all addresses once too many different refusals are waiting. */
const variousAddresses = 'various';

/**
 * Counts refusals until they are reported: a flood of made-up tokens must not become a flood of events, and no count may be
 * lost. Of more different ones than it has places for, only what and how often is kept.
 */
export class RefusalTally {
  private waiting = new Map<string, RefusalCount>();

  constructor(private readonly places: number) {}

  add(refusal: Refusal, count = 1): void {
    const place = this.placeOf(refusal);
    const key = keyOf(place);
    this.waiting.set(key, { ...place, count: count + (this.waiting.get(key)?.count ?? 0) });
  }

  takeAll(): RefusalCount[] {
    const taken = [...this.waiting.values()];
    this.waiting = new Map();
    return taken;
  }

  private placeOf(refusal: Refusal): Refusal {
    if (this.waiting.has(keyOf(refusal)) || this.waiting.size < this.places) return refusal;
    return { ...refusal, user_id: null, target: null, remote_address: variousAddresses };
  }
}

function keyOf({ code, route, target, user_id, remote_address }: Refusal): string {
  return JSON.stringify([code, route, target, user_id, remote_address]);
}
