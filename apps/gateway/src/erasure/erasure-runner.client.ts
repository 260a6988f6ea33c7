import { inTransaction } from '@billhook/database';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Deadline, requestMs } from '../deadline.js';
import { UserLock } from '../user-lock.store.js';
import { BillingEnd } from './billing-end.client.js';
import { Erasures } from './erasures.store.js';
import type { LeasedErasure } from './erasures.store.js';
import { OwnData } from './own-data.store.js';

/** Whoever asks wakes us; this is for what was postponed, and what other replicas left. */
const pollMs = 1_000;

/** Carries erasures out step by step. Every replica has one; a step that a process leaves half done another does again. */
@Injectable()
export class ErasureRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('erasure');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopping = false;
  private isFailing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly erasures: Erasures,
    private readonly lock: UserLock,
    private readonly billing: BillingEnd,
    private readonly ownData: OwnData,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.wake(), pollMs).unref();
  }

  /** What Stripe is being asked is left to whoever takes the lease over: it is safe to repeat. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.running;
  }

  wake(): void {
    if (this.isStopping || this.running !== undefined) return;
    this.running = this.runAll().finally(() => (this.running = undefined));
  }

  /** Never rejects. */
  private async runAll(): Promise<void> {
    try {
      while (!this.isStopping && (await this.runNext()));
      this.isFailing = false;
    } catch (error) {
      // Once, not at every poll for as long as the database is away.
      if (!this.isFailing) this.log.warn({ msg: 'erasures wait', err: error });
      this.isFailing = true;
    }
  }

  private async runNext(): Promise<boolean> {
    const erasure = await this.erasures.lease();
    if (erasure === null) return false;
    const { requestId, attempts } = erasure;
    try {
      await (erasure.isBillingEnded ? this.eraseOwn(erasure) : this.endBilling(erasure));
    } catch (error) {
      this.log.warn({ msg: 'an erasure is tried again later', requestId, attempts, err: error });
      // Whatever it was: one that cannot be carried out must not keep the others waiting, and whoever looks must see why it waits.
      await this.erasures.postpone(erasure, codeOf(error));
    }
    return true;
  }

  private endBilling(erasure: LeasedErasure): Promise<void> {
    const deadline = new Deadline(requestMs, Date.now);
    return this.lock.hold(erasure.userId, deadline, async (section) => {
      const canceled = await this.billing.run(section, erasure.userId, deadline);
      await this.erasures.billingEnded(section, erasure, canceled);
    });
  }

  /** The outbox last: what is in it must have left, and no request from before the erasure writes to it any more. */
  private async eraseOwn(erasure: LeasedErasure): Promise<void> {
    const { manager } = this.dataSource;
    const { userId, requestId } = erasure;
    if (!(await this.ownData.hasAllLeft(manager, userId))) return this.erasures.waitASecond(erasure);
    const published_events = await this.ownData.redactPublished(manager, userId);
    const parked_events = await this.ownData.redactParked(manager, userId);
    await inTransaction(this.dataSource, async (transaction) => {
      const counts = await this.ownData.erase(transaction, userId);
      await this.erasures.finish(transaction, erasure, { ...counts, parked_events, published_events });
    });
    this.log.log({ msg: 'erased', requestId });
  }
}

/** What ops are shown; the log has the rest. */
function codeOf(error: unknown): string {
  return error instanceof Refused || error instanceof Retryable ? error.code : 'internal_error';
}
