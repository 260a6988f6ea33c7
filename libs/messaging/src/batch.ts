export interface BatchLimits {
  /** Most deliveries in one batch. */
  size: number;
  /** How long the oldest delivery may wait for company. */
  lingerMs: number;
}

export type BatchStep = { kind: 'idle' } | { kind: 'wait'; ms: number } | { kind: 'take'; count: number };

/**
 * Whether a batch starts now. A full one does; a partial one once its oldest delivery has lingered, or at once when nothing
 * more can come (`isDraining`). Times are of a clock that is never set back.
 */
export function nextBatch(
  waiting: { count: number; oldestArrivedAt: number },
  now: number,
  limits: BatchLimits,
  isDraining: boolean,
): BatchStep {
  if (waiting.count === 0) return { kind: 'idle' };
  const take = { kind: 'take', count: Math.min(waiting.count, limits.size) } as const;
  if (isDraining || waiting.count >= limits.size) return take;
  const ms = waiting.oldestArrivedAt + limits.lingerMs - now;
  return ms > 0 ? { kind: 'wait', ms } : take;
}
