import type { EventAttributes } from '@billhook/contracts';
import type { InboxDetail, InboxEntry, InboxStatus, InboxSummary, ReasonGroup } from '@billhook/messaging';
import type { KeptEvent } from '../intake/kept-event.store.js';
import type { ReplayResult } from './replay.store.js';

/** Times are ISO 8601 UTC. */
export interface EventAnswer {
  id: string;
  type: string;
  status: InboxStatus;
  reason: string | null;
  recorded_at: string;
}

export interface GroupAnswer {
  status: InboxStatus;
  /** Of the events' reasons, what stands before the first colon. */
  reason: string | null;
  count: number;
  oldest: string;
  newest: string;
}

export interface EventDetailAnswer extends EventAnswer {
  /** How often it failed; 0 for one that was parked for what it says. */
  attempts: number;
  parked_at: string | null;
  /** When it is tried again by itself. */
  retry_at: string | null;
  /** What travelled beside the body. Null once it was redacted, or when it is no longer kept. */
  attributes: EventAttributes | null;
  body: BodyAnswer | null;
}

/** The exact bytes; `json` is a reading of them, where they are JSON. */
export interface BodyAnswer {
  size: number;
  sha256: string;
  base64: string;
  json?: unknown;
}

export function toEventAnswer(entry: InboxEntry): EventAnswer {
  return {
    id: entry.eventId,
    type: entry.type,
    status: entry.outcome,
    reason: entry.reason,
    recorded_at: entry.recordedAt.toISOString(),
  };
}

/** `since` when what is applied or ignored was counted; what is parked or retrying was counted whole. */
export function toSummaryAnswer({ counts, groups }: InboxSummary, since: Date) {
  return { since: since.toISOString(), counts, groups: groups.map(toGroupAnswer) };
}

export function toGroupAnswer({ status, reason, count, oldest, newest }: ReasonGroup): GroupAnswer {
  return { status, reason, count, oldest: oldest.toISOString(), newest: newest.toISOString() };
}

export function toDetailAnswer(
  detail: InboxDetail,
  kept: Pick<KeptEvent, 'attributes' | 'body'> | null,
  sha256: (body: Buffer) => string,
): EventDetailAnswer {
  const { parked } = detail;
  const { attributes, body } = parked ?? kept ?? { attributes: null, body: null };
  return {
    ...toEventAnswer(detail),
    attempts: parked?.attempts ?? 0,
    parked_at: parked?.parkedAt.toISOString() ?? null,
    retry_at: parked?.retryAt?.toISOString() ?? null,
    attributes,
    body: body === null ? null : toBodyAnswer(body, sha256(body)),
  };
}

function toBodyAnswer(body: Buffer, sha256: string): BodyAnswer {
  return { size: body.length, sha256, base64: body.toString('base64'), ...jsonOf(body) };
}

function jsonOf(body: Buffer): { json?: unknown } {
  try {
    return { json: JSON.parse(body.toString()) };
  } catch {
    return {};
  }
}

/** How many events ended in each way, without the ways that none went. */
export function tally(results: readonly ReplayResult[]): Partial<Record<ReplayResult, number>> {
  const counts: Partial<Record<ReplayResult, number>> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}
