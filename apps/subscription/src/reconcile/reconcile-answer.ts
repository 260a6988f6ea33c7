import type { Difference } from '@billhook/billing';
import type { ReportedDrift } from './drift.store.js';
import type { Counts, Phase, Run, RunKind } from './run.js';

/** Times are ISO 8601 UTC. */
export interface RunAnswer {
  id: string;
  kind: RunKind;
  dry_run: boolean;
  state: 'waiting' | 'running' | 'finished' | 'failed';
  /** What it is at, or was last. */
  phase: Phase;
  counts: Counts;
  requested_by: string;
  note: string | null;
  requested_at: string;
  started_at: string | null;
  progress_at: string | null;
  finished_at: string | null;
  /** Failed steps in a row, and what the last one said: it goes on by itself. */
  attempts: number;
  last_error: string | null;
  /** Why it was given up; only of a failed one. */
  failure: string | null;
}

export interface DriftAnswer {
  subscription_id: string;
  customer_id: string | null;
  user_id: string | null;
  kind: ReportedDrift['kind'];
  state: ReportedDrift['state'];
  /** Only of an unresolved one. */
  reason: string | null;
  fields: Difference[];
  found_at: string;
}

export function toRunAnswer(run: Run): RunAnswer {
  return {
    id: run.id,
    kind: run.kind,
    dry_run: run.dryRun,
    state: stateOf(run),
    phase: run.phase,
    counts: run.counts,
    requested_by: run.requestedBy,
    note: run.note,
    requested_at: run.requestedAt.toISOString(),
    started_at: iso(run.startedAt),
    progress_at: iso(run.progressAt),
    finished_at: iso(run.finishedAt),
    attempts: run.attempts,
    last_error: run.lastError,
    failure: run.failure,
  };
}

export function toDriftAnswer(drift: ReportedDrift): DriftAnswer {
  return {
    subscription_id: drift.subscriptionId,
    customer_id: drift.customerId,
    user_id: drift.userId,
    kind: drift.kind,
    state: drift.state,
    reason: drift.reason,
    fields: drift.fields,
    found_at: drift.foundAt.toISOString(),
  };
}

function stateOf({ startedAt, finishedAt, failure }: Run): RunAnswer['state'] {
  if (failure !== null) return 'failed';
  if (finishedAt !== null) return 'finished';
  return startedAt === null ? 'waiting' : 'running';
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
