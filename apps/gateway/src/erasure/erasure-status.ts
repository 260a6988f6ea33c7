import { erasingServices } from '@billhook/contracts';
import type { ErasingService } from '@billhook/contracts';

export interface ErasureAnswer {
  service: ErasingService;
  counts: Readonly<Record<string, number>>;
  answeredAt: Date;
}

/** An erasure as far as it has come. */
export interface Erasure {
  userId: string;
  requestId: string;
  reason: string;
  requestedBy: string;
  requestedAt: Date;
  /** When nothing could be charged any more; null while Stripe has not confirmed it. */
  billingEndedAt: Date | null;
  /** Tries of the step in hand that failed, and why the last one did. */
  failedTries: number;
  lastError: string | null;
  /** When the step in hand is tried again. */
  nextTryAt: Date | null;
  answers: readonly ErasureAnswer[];
}

/** Seconds are usual: whatever takes longer is for somebody to look at. */
const usualMs = 15 * 60_000;

/** `GET /v1/users/:id/erasure`. */
export function erasureView(erasure: Erasure, now: Date) {
  const { userId, requestId, reason, requestedBy, requestedAt, billingEndedAt, answers } = erasure;
  const missing = erasingServices.filter((service) => !answers.some((answer) => answer.service === service));
  const waitingFor = billingEndedAt === null ? (['stripe'] as const) : missing;
  const last = answers.toSorted((a, b) => b.answeredAt.getTime() - a.answeredAt.getTime())[0];
  return {
    user_id: userId,
    request_id: requestId,
    reason,
    requested_by: requestedBy,
    requested_at: requestedAt.toISOString(),
    state: stateOf(erasure, missing),
    waiting_for: [...waitingFor],
    takes_long: waitingFor.length > 0 && now.getTime() - requestedAt.getTime() > usualMs,
    failed_tries: erasure.failedTries,
    last_error: erasure.lastError,
    next_try_at: erasure.failedTries === 0 ? null : (erasure.nextTryAt?.toISOString() ?? null),
    billing_ended_at: billingEndedAt?.toISOString() ?? null,
    services: erasingServices.map((service) => serviceView(service, answers)),
    completed_at: missing.length > 0 ? null : (last?.answeredAt.toISOString() ?? null),
  };
}

export type ErasureView = ReturnType<typeof erasureView>;

function stateOf({ billingEndedAt }: Erasure, missing: readonly string[]): 'ending_billing' | 'erasing' | 'complete' {
  if (billingEndedAt === null) return 'ending_billing';
  return missing.length > 0 ? 'erasing' : 'complete';
}

function serviceView(service: ErasingService, answers: readonly ErasureAnswer[]) {
  const answer = answers.find((each) => each.service === service);
  return { service, completed_at: answer?.answeredAt.toISOString() ?? null, counts: answer?.counts ?? null };
}
