import { SessionLock } from '@billhook/database';
import { messageOf, Refused } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { repeat } from '../repeat.js';
import { CatchUp } from './catch-up.relay.js';
import { Republish } from './republish.store.js';
import { pauseAfterFailure } from './run.js';
import type { Run, RunKind, Step } from './run.js';
import { Runs } from './run.store.js';
import { ReconcileSettings } from './settings.js';
import { Sweep } from './sweep.store.js';

/** One look at an index that holds only what has not ended. */
const pollMs = 1_000;
/** Whether something is due by itself is asked that often, and not with every look. */
const scheduleCheckMs = 10_000;
const lockName = 'subscription-reconcile';
/** Of the ten seconds that a process has to exit in; a step that Stripe keeps waiting is taken up by another replica. */
const stopDeadlineMs = 5_000;
/** So that the replicas of several deployments do not all come at the full minute: up to a tenth later. */
const jitter = 0.1;

/**
 * Carries out the runs that were asked for or are due, step by step: the most urgent one's next step each time, its position
 * stored after each. One replica at a time is at it; when it ends, another carries on where it was.
 */
@Injectable()
export class RunConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('reconcile');
  private readonly stopping = new AbortController();
  private readonly scheduled: readonly { kind: RunKind; seconds: number }[];
  private loop: Promise<void> = Promise.resolve();
  private lock: SessionLock | undefined;
  private scheduleCheckedAt = -Infinity;

  constructor(
    private readonly parts: { runs: Runs; catchUp: CatchUp; sweep: Sweep; republish: Republish },
    /** A lock needs a connection of its own. */
    private readonly databaseUrl: string,
    { catchUpEverySeconds, sweepEverySeconds }: ReconcileSettings,
  ) {
    this.scheduled = [
      { kind: 'catch_up' as const, seconds: catchUpEverySeconds },
      { kind: 'sweep' as const, seconds: sweepEverySeconds },
    ]
      .filter(({ seconds }) => seconds > 0)
      .map(({ kind, seconds }) => ({ kind, seconds: seconds * (1 + Math.random() * jitter) }));
  }

  onApplicationBootstrap(): void {
    const failed = (error: unknown) => this.log.error({ msg: 'reconcile waits', err: error });
    this.loop = repeat({ everyMs: pollMs, signal: this.stopping.signal, work: () => this.work(), failed });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    const late = new AbortController();
    const deadline = delay(stopDeadlineMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.loop, deadline]);
    late.abort();
    await this.standDown();
  }

  /** One step of one run; false where there was none to take. */
  private async work(): Promise<boolean> {
    await this.requestWhatIsDue();
    const hasWork = (await this.parts.runs.nextDue()) !== null;
    if (!hasWork) await this.standDown();
    if (!hasWork || !(await this.lead())) return false;
    // Only now: the one that led before may have moved it on.
    const run = await this.parts.runs.nextDue();
    if (run !== null) await this.move(run);
    return run !== null;
  }

  private async requestWhatIsDue(): Promise<void> {
    if (performance.now() - this.scheduleCheckedAt < scheduleCheckMs) return;
    for (const { kind, seconds } of this.scheduled) {
      if (await this.parts.runs.isOverdue(kind, seconds)) await this.requestByItself(kind, 'schedule');
    }
    this.scheduleCheckedAt = performance.now();
  }

  /** Whether this replica is the one. Asked before each step: the lock may be gone without a word. */
  private async lead(): Promise<boolean> {
    if (this.lock !== undefined && !(await this.lock.isHeld())) await this.standDown();
    this.lock ??= await SessionLock.tryAcquire(this.databaseUrl, lockName);
    return this.lock !== undefined;
  }

  private async standDown(): Promise<void> {
    const { lock } = this;
    this.lock = undefined;
    await lock?.release();
  }

  private async move(run: Run): Promise<void> {
    try {
      const step = await this.step(run);
      await this.parts.runs.advance(run, step);
      if (step.next === null) this.log.log({ msg: 'phase ended', runId: run.id, kind: run.kind, phase: run.phase });
      if (step.counts['beyond_list'] !== undefined && run.kind === 'catch_up')
        await this.requestByItself('sweep', 'gap');
    } catch (error) {
      await this.stumble(run, error);
    }
  }

  private step(run: Run): Promise<Step> {
    const { catchUp, sweep, republish } = this.parts;
    switch (run.phase) {
      case 'events':
        return catchUp.step(run, this.stopping.signal);
      case 'listing':
        return sweep.list(run);
      case 'own':
        return sweep.listOwn(run);
      case 'checking':
        return sweep.check(run);
      case 'accounts':
        return republish.step(run);
      default:
        return run.phase satisfies never;
    }
  }

  /** What Stripe refuses, it refuses the next time too; everything else is our surroundings, and they come back. */
  private async stumble(run: Run, error: unknown): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const reason = messageOf(error);
    this.log.warn({ msg: 'a step failed', runId: run.id, kind: run.kind, phase: run.phase, err: error });
    if (error instanceof Refused) return this.parts.runs.fail(run, reason);
    await this.parts.runs.postpone(run, reason, pauseAfterFailure(run.attempts, Math.random()));
  }

  private async requestByItself(kind: RunKind, requestedBy: 'schedule' | 'gap'): Promise<void> {
    await this.parts.runs.request({ kind, dryRun: false, requestedBy, note: null });
  }
}
