import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { added, firstPhase, phaseAfter } from './run.js';
import type { Run, RunKind, Step } from './run.js';

export interface RunRequest {
  kind: RunKind;
  dryRun: boolean;
  requestedBy: string;
  note: string | null;
}

const columns = `
  run_id AS id, kind, dry_run AS "dryRun", requested_by AS "requestedBy", note, phase, position, counts, attempts,
  last_error AS "lastError", failure, requested_at AS "requestedAt", started_at AS "startedAt",
  progress_at AS "progressAt", finished_at AS "finishedAt"`;

/** Events that are missing are quickest to bring, and somebody may be waiting for them. */
const byUrgency = `array_position(ARRAY['catch_up', 'reconcile', 'sweep', 'republish'], kind)`;

/** Whoever leads no more may still be at a step that Stripe kept waiting: of what another has moved on since, it moves nothing. */
const stillAt = (phase: string, position: string) =>
  `finished_at IS NULL AND phase = ${phase} AND position IS NOT DISTINCT FROM ${position}`;

/** What was asked to be reconciled and how far it is: what a replica leaves, the next one carries on. */
@Injectable()
export class Runs {
  constructor(private readonly dataSource: DataSource) {}

  /** The new run, or the one of its kind that has not ended yet. */
  async request(request: RunRequest): Promise<{ run: Run; isNew: boolean }> {
    const { kind, dryRun, requestedBy, note } = request;
    const made: Run[] = await this.dataSource.query(
      `INSERT INTO reconcile_run (kind, dry_run, requested_by, note, phase) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (kind) WHERE finished_at IS NULL DO NOTHING RETURNING ${columns}`,
      [kind, dryRun, requestedBy, note, firstPhase(kind)],
    );
    if (made[0] !== undefined) return { run: made[0], isNew: true };
    const open: Run[] = await this.dataSource.query(
      `SELECT ${columns} FROM reconcile_run WHERE kind = $1 AND finished_at IS NULL`,
      [kind],
    );
    // It ended between the two statements.
    return open[0] === undefined ? this.request(request) : { run: open[0], isNew: false };
  }

  async find(id: string): Promise<Run | null> {
    const rows: Run[] = await this.dataSource.query(`SELECT ${columns} FROM reconcile_run WHERE run_id = $1`, [id]);
    return rows[0] ?? null;
  }

  /** Newest first. A catch-up that found nothing to do is no news; those that are at work are. */
  async newest(limit: number): Promise<Run[]> {
    return this.dataSource.query(
      `SELECT ${columns} FROM reconcile_run
       WHERE requested_by <> 'schedule' OR kind <> 'catch_up' OR finished_at IS NULL OR failure IS NOT NULL
         OR counts ? 'events_missing'
       ORDER BY requested_at DESC, run_id LIMIT $1`,
      [limit],
    );
  }

  async nextDue(): Promise<Run | null> {
    const rows: Run[] = await this.dataSource.query(
      `SELECT ${columns} FROM reconcile_run WHERE finished_at IS NULL AND due_at <= now()
       ORDER BY ${byUrgency}, requested_at LIMIT 1`,
    );
    return rows[0] ?? null;
  }

  /** Whether the last one of this kind, or the last whole `reconcile`, has ended and was asked for longer ago than this. */
  async isOverdue(kind: RunKind, seconds: number): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `SELECT FROM unnest(ARRAY[$1, 'reconcile']) AS wanted (kind), LATERAL (
         SELECT requested_at, finished_at FROM reconcile_run AS run
         WHERE run.kind = wanted.kind AND NOT dry_run ORDER BY requested_at DESC LIMIT 1) AS last
       WHERE finished_at IS NULL OR requested_at > now() - make_interval(secs => $2)`,
      [kind, seconds],
    );
    return rows.length === 0;
  }

  async advance(run: Run, { next, counts }: Step): Promise<void> {
    const phase = next === null ? phaseAfter(run.kind, run.phase) : run.phase;
    await this.dataSource.query(
      `UPDATE reconcile_run SET phase = coalesce($2, phase), position = $3, counts = $4, attempts = 0, last_error = NULL,
         started_at = coalesce(started_at, now()), progress_at = now(), due_at = now() + make_interval(secs => $5),
         finished_at = CASE WHEN $2 IS NULL THEN now() END
       WHERE run_id = $1 AND ${stillAt('$6', '$7')}`,
      [
        run.id,
        phase,
        next?.position ?? null,
        added(run.counts, counts),
        (next?.waitMs ?? 0) / 1_000,
        run.phase,
        run.position,
      ],
    );
  }

  async postpone({ id, phase, position }: Run, error: string, pauseMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE reconcile_run SET attempts = attempts + 1, last_error = $2, started_at = coalesce(started_at, now()),
         due_at = now() + make_interval(secs => $3)
       WHERE run_id = $1 AND ${stillAt('$4', '$5')}`,
      [id, error, pauseMs / 1_000, phase, position],
    );
  }

  /** What its listing has shown is of no use to the next one, and as large as Stripe's list. */
  async fail({ id }: Run, failure: string): Promise<void> {
    await this.dataSource.query(
      `WITH failed AS (
         UPDATE reconcile_run SET failure = $2, finished_at = now() WHERE run_id = $1 AND finished_at IS NULL)
       DELETE FROM reconcile_seen WHERE run_id = $1`,
      [id, failure],
    );
  }

  /** Up to when all events have been taken; null before the first catch-up. */
  async eventsCursor(): Promise<Date | null> {
    const rows: { at: Date }[] = await this.dataSource.query(`SELECT at FROM reconcile_cursor WHERE stream = 'events'`);
    return rows[0]?.at ?? null;
  }

  /** Never backwards: a walk begins a little before where the last one ended. */
  async moveEventsCursor(at: Date): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO reconcile_cursor (stream, at) VALUES ('events', $1)
       ON CONFLICT (stream) DO UPDATE SET at = excluded.at, moved_at = now() WHERE reconcile_cursor.at < excluded.at`,
      [at],
    );
  }
}
