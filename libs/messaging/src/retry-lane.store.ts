import { inTransaction } from '@billhook/database';
import type { EntityManager } from 'typeorm';
import type { Outcome } from './event.js';
import { failureReason, processDied } from './failure.js';
import { Inbox } from './inbox.store.js';
import type { Settled } from './inbox.store.js';
import { isLockTimeout } from './lock-timeout.js';
import type { MessagingLog } from './log.js';
import { Outbox } from './outbox.store.js';
import { toAnnouncements } from './parked-announcement.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { Retries } from './retries.store.js';
import type { LeasedRetry } from './retries.store.js';
import type { RetrySource } from './retry-runner.store.js';
import { isSurroundingsFailure } from './surroundings.js';

export type RetryLaneOptions = Omit<BatchProcessorOptions, 'retries' | 'log'> & {
  log: MessagingLog;
  maxAttempts: number;
  retryAfterMs: (attempts: number) => number;
};

/** Longer than a batch waits: nobody waits behind a retry but other retries. */
const lockTimeout = "SET LOCAL lock_timeout = '300ms'";

/** One consumer's failed events, tried again one at a time: each in a transaction of its own, by the same `apply`. */
export class RetryLane implements RetrySource {
  readonly consumer: string;
  private readonly inbox: Inbox;
  private readonly retries: Retries;
  private readonly outbox = new Outbox();
  /** Tries that our surroundings spoilt so badly that it could not be noted yet. */
  private readonly owed: LeasedRetry[] = [];

  constructor(private readonly options: RetryLaneOptions) {
    this.consumer = options.consumer;
    this.inbox = new Inbox(options.consumer);
    this.retries = new Retries(options.dataSource, options.consumer);
  }

  async retryNext(): Promise<boolean> {
    await this.giveBackOwed();
    const retry = await this.retries.lease();
    if (retry === null) return false;
    // Its last try was counted and never ended.
    if (retry.attempts > this.options.maxAttempts) await this.fail(retry, processDied(retry.reason));
    else await this.try(retry);
    return true;
  }

  private async try(retry: LeasedRetry): Promise<void> {
    try {
      const outcome = await this.apply(retry);
      if (outcome !== null) this.log(retry, outcome.kind);
    } catch (error) {
      if (isLockTimeout(error)) return this.retries.giveBack(retry);
      if (isSurroundingsFailure(error)) {
        this.owed.push(retry);
        throw error;
      }
      await this.fail(retry, failureReason(error));
    }
  }

  /** Null when the event is no longer ours to try. */
  private apply(retry: LeasedRetry): Promise<Outcome | null> {
    const { dataSource, apply } = this.options;
    return inTransaction(dataSource, async (manager) => {
      await manager.query(lockTimeout);
      if (!(await this.retries.lock(manager, retry))) return null;
      const { delivery, attempts } = retry;
      const [outcome] = await apply(manager, [delivery], () => undefined);
      if (outcome === undefined) throw new Error('apply must answer one outcome for each delivery');
      await this.inbox.release(manager, [{ delivery, outcome, attempts }]);
      await this.announce(manager, { delivery, outcome, attempts });
      return outcome;
    });
  }

  private async fail(retry: LeasedRetry, reason: string): Promise<void> {
    const { dataSource, maxAttempts, retryAfterMs } = this.options;
    const attempts = Math.min(retry.attempts, maxAttempts);
    const afterMs = retry.attempts < maxAttempts ? retryAfterMs(attempts) : null;
    const isOurs = await inTransaction(dataSource, async (manager) => {
      if (!(await this.retries.fail(manager, retry, reason, afterMs))) return false;
      if (afterMs === null) {
        await this.announce(manager, { delivery: retry.delivery, outcome: { kind: 'parked', reason }, attempts });
      }
      return true;
    });
    if (isOurs) this.log(retry, afterMs === null ? 'parked' : 'retrying', reason);
  }

  private async announce(manager: EntityManager, settled: Settled): Promise<void> {
    const source = this.options.outboxSource;
    if (source !== undefined) await this.outbox.append(manager, source, toAnnouncements([settled], new Date()));
  }

  private async giveBackOwed(): Promise<void> {
    for (let retry = this.owed.at(-1); retry !== undefined; retry = this.owed.at(-1)) {
      await this.retries.giveBack(retry);
      this.owed.pop();
    }
  }

  private log({ delivery, attempts }: LeasedRetry, outcome: string, reason?: string): void {
    const { id: eventId, type } = delivery.attributes;
    this.options.log.info({ eventId, type, attempts, outcome, reason }, 'event tried again');
  }
}
