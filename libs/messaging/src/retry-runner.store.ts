import { Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { nestLog } from './log.js';
import { Signal } from './signal.js';
import { waitAtMost } from './wait-at-most.js';

/** A consumer's failed events. */
export interface RetrySource {
  consumer: string;
  /** Tries the one that has been due longest; false when none is due. Rejects when the surroundings failed. */
  retryNext(): Promise<boolean>;
}

/** Asking costs one look into an index that holds only what is to be tried again. */
const pollMs = 500;
/**
 * How long a process lives before it retries anything. A try that a process did not outlive counts, so a service that something else
 * kills again and again soon after it starts must not have one in hand each time: its first is slow, and it would often be in
 * hand. And what does kill leaves the process time to handle everybody else's events in between.
 */
const settledAfterMs = 5_000;
/** Of the ten seconds that a process has to exit in. What is still at work then is tried again once its lease ends. */
const stopDeadlineMs = 5_000;

/**
 * Tries the failed events of a process's consumers again, one at a time and beside their queues, so that no healthy event waits
 * for a failing one; from the moment on that its process has lived for some seconds. Every replica has one: they take different
 * events. A provider; `createBatchProcessor` adds to it.
 */
@Injectable()
export class RetryRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = nestLog('retries');
  private readonly sources: RetrySource[] = [];
  private readonly stopping = new Signal();
  private isStopping = false;
  /** Said once, and not twice a second for as long as a database is away. */
  private isWaiting = false;
  private loop: Promise<void> = Promise.resolve();

  add(source: RetrySource): void {
    this.sources.push(source);
  }

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  /** Finishes the try in hand. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.stopping.set();
    await waitAtMost(stopDeadlineMs, this.loop);
  }

  /** Tries everything that is due now. */
  async runDue(): Promise<void> {
    for (const source of this.sources) {
      while (!this.isStopping && (await this.tryNext(source)));
    }
  }

  private async run(): Promise<void> {
    await this.stopping.wait(settledAfterMs);
    while (!this.isStopping) {
      await this.runDue();
      await this.stopping.wait(pollMs);
    }
  }

  private async tryNext(source: RetrySource): Promise<boolean> {
    try {
      const hasTried = await source.retryNext();
      this.isWaiting = false;
      return hasTried;
    } catch (error) {
      const { consumer } = source;
      if (!this.isWaiting) this.log.warn({ consumer, err: error }, 'retries wait until the surroundings are back');
      this.isWaiting = true;
      return false;
    }
  }
}
