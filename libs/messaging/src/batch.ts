export interface BatchLimits {
  /** Most deliveries in one batch. */
  size: number;
  /** Most bytes of their bodies together; one delivery alone may have more. What is parsed at once takes many times as much memory. */
  bytes: number;
  /** How long the oldest delivery may wait for company while a batch is at work, and while none is. */
  lingerMs: { busy: number; idle: number };
}

export type BatchStep = { kind: 'idle' } | { kind: 'wait'; ms: number } | { kind: 'take'; count: number };

export interface WaitingDeliveries {
  count: number;
  /** Whether a batch that began before is still at work. */
  isBusy: boolean;
  /** The size of a body, by its place in the order of arrival. */
  sizeOf: (index: number) => number;
  oldestArrivedAt: number;
}

/**
 * Whether a batch starts now. A full one does; a partial one once its oldest delivery has lingered, or at once when nothing
 * more can come (`isDraining`). Times are of a clock that is never set back.
 */
export function nextBatch(
  waiting: WaitingDeliveries,
  now: number,
  limits: BatchLimits,
  isDraining: boolean,
): BatchStep {
  if (waiting.count === 0) return { kind: 'idle' };
  const count = fitting(waiting, limits);
  const isFull = count === limits.size || count < waiting.count;
  if (isDraining || isFull) return { kind: 'take', count };
  const ms = waiting.oldestArrivedAt + limits.lingerMs[waiting.isBusy ? 'busy' : 'idle'] - now;
  return ms > 0 ? { kind: 'wait', ms } : { kind: 'take', count };
}

/** How many of the first together stay within both limits: at least one. */
function fitting({ count, sizeOf }: WaitingDeliveries, { size, bytes }: BatchLimits): number {
  const most = Math.min(size, count);
  let sum = sizeOf(0);
  for (let next = 1; next < most; next += 1) {
    sum += sizeOf(next);
    if (sum > bytes) return next;
  }
  return most;
}
