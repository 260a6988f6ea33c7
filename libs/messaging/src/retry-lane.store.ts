import { hasServerVanished, inTransaction } from '@billhook/database';
import type { EntityManager } from 'typeorm';
import type { Delivery, Outcome } from './event.js';
import { failureReason, processDied } from './failure.js';
import { isCanceled, isHeldUp } from './held-up.js';
import { Inbox } from './inbox.store.js';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import { Outbox } from './outbox.store.js';
import { toAnnouncement } from './parked-announcement.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { isToRedact, markRedacted, redactedReason } from './redaction.js';
import { Retries } from './retries.store.js';
import type { LeasedRetry } from './retries.store.js';
import type { RetrySource } from './retry-runner.store.js';
import { isSurroundingsFailure } from './surroundings.js';

export type RetryLaneOptions = Omit<BatchProcessorOptions, 'retries' | 'log'> & {
  log: MessagingLog;
  maxAttempts: number;
  retryAfterMs: (attempts: number) => number;
};

const defaultMaxAttempts = 5;
const firstRetryMs = 500;

/**
 * Has what a consumer parked or failed at tried again once it is due. `createBatchProcessor` does this by itself; who parks without
 * one calls it. Returns the options with their defaults.
 */
export function addRetryLane<T extends BatchProcessorOptions>(options: T): T & RetryLaneOptions {
  const complete = {
    ...options,
    log: options.log ?? nestLog(options.consumer),
    maxAttempts: options.maxAttempts ?? defaultMaxAttempts,
    retryAfterMs: options.retryAfterMs ?? ((attempts: number) => firstRetryMs * 2 ** Math.max(attempts - 1, 0)),
  };
  options.retries.add(new RetryLane(complete));
  return complete;
}

/** Longer than a batch waits: nobody waits behind a retry but other retries. */
const lockTimeout = "SET LOCAL lock_timeout = '300ms'";

/** Before an event is tried again that something held up: no try was used up, so there may be many. */
const shortPauseMs = 500;
/**
 * One that keeps a server busy for seconds each time must not keep it busy all the time; and not for ever: once it is old, a
 * statement that takes too long is the event's failure and counts.
 */
const longPauseMs = 30_000;

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
    else if (retry.delivery === null) await this.record(retry, 'unreadable: what was kept of its headers', null);
    else await this.try(retry, retry.delivery);
    return true;
  }

  private async try(retry: LeasedRetry, delivery: Delivery): Promise<void> {
    try {
      const outcome = await this.apply(retry, delivery);
      if (outcome !== null) this.log(retry, outcome.kind);
    } catch (error) {
      if (retry.isOld && isCanceled(error)) return this.fail(retry, failureReason(error));
      if (isHeldUp(error)) return this.retries.giveBack(retry, isCanceled(error) ? longPauseMs : shortPauseMs);
      if (isSurroundingsFailure(error)) {
        // What the server's own process died of stays counted, and waits for its lease to end, as after the death of ours.
        if (!hasServerVanished(error)) this.owed.push(retry);
        throw error;
      }
      await this.fail(retry, failureReason(error));
    }
  }

  /** Null when the event is no longer ours to try. */
  private apply(retry: LeasedRetry, delivery: Delivery): Promise<Outcome | null> {
    const { dataSource, apply } = this.options;
    return inTransaction(dataSource, async (manager) => {
      await manager.query(lockTimeout);
      if (!(await this.retries.lock(manager, retry))) return null;
      const [outcome] = await apply(manager, [delivery], () => undefined);
      if (outcome === undefined) throw new Error('apply must answer one outcome for each delivery');
      const { attempts } = retry;
      const [settled = { delivery, outcome }] = await markRedacted(
        manager,
        [{ delivery, outcome, attempts }],
        this.options.isOfErased,
      );
      await this.inbox.release(manager, [settled]);
      if (settled.outcome.kind === 'parked') await this.announce(manager, retry, settled.outcome.reason);
      return outcome;
    });
  }

  private fail(retry: LeasedRetry, reason: string): Promise<void> {
    const { maxAttempts, retryAfterMs } = this.options;
    return this.record(retry, reason, retry.attempts < maxAttempts ? retryAfterMs(retry.attempts) : null);
  }

  /** With null it is parked. */
  private async record(retry: LeasedRetry, reason: string, afterMs: number | null): Promise<void> {
    const isOurs = await inTransaction(this.options.dataSource, (manager) =>
      afterMs === null ? this.park(manager, retry, reason) : this.retries.fail(manager, retry, reason, afterMs),
    );
    if (isOurs) this.log(retry, afterMs === null ? 'parked' : 'retrying', reason);
  }

  /** False when the event is no longer ours to park. */
  private async park(manager: EntityManager, retry: LeasedRetry, reason: string): Promise<boolean> {
    const isRedacted = await this.isToRedact(manager, retry);
    const kept = isRedacted ? redactedReason : reason;
    if (!(await this.retries.fail(manager, retry, kept, null))) return false;
    if (isRedacted) await this.retries.redact(manager, retry);
    await this.announce(manager, retry, kept);
    return true;
  }

  private isToRedact(manager: EntityManager, { delivery }: LeasedRetry): Promise<boolean> {
    if (delivery === null) return Promise.resolve(false);
    const bytes = { headers: JSON.stringify(delivery.attributes), body: delivery.body };
    return isToRedact(manager, bytes, this.options.isOfErased);
  }

  private async announce(manager: EntityManager, retry: LeasedRetry, reason: string): Promise<void> {
    const { outboxSource, maxAttempts } = this.options;
    if (outboxSource === undefined) return;
    const { id, type } = retry;
    const attempts = Math.min(retry.attempts, maxAttempts);
    await this.outbox.append(manager, outboxSource, [toAnnouncement({ id, type, reason, attempts }, new Date())]);
  }

  private async giveBackOwed(): Promise<void> {
    for (let retry = this.owed.at(-1); retry !== undefined; retry = this.owed.at(-1)) {
      await this.retries.giveBack(retry, shortPauseMs);
      this.owed.pop();
    }
  }

  private log({ id: eventId, type, attempts }: LeasedRetry, outcome: string, reason?: string): void {
    this.options.log.info({ eventId, type, attempts, outcome, reason }, 'event tried again');
  }
}
