import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { PendingFetchConsumer } from '../fetch/pending-fetch.consumer.js';
import { RulesSource } from '../rules.js';
import { DueLooks } from './due-looks.store.js';

/** A look comes ten minutes after its moment or at the end of days of grace: seconds do not matter. It costs one index look-up. */
const pollMs = 3_000;

/** Has Stripe asked about the subscriptions whose look is due. Every replica has one: they take different pages. */
@Injectable()
export class LookRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('timers');
  private readonly stopping = new AbortController();
  /** Said once, and not every few seconds for as long as a database is away. */
  private isWaiting = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly due: DueLooks,
    private readonly fetches: PendingFetchConsumer,
    private readonly rules: RulesSource,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  /** A page takes milliseconds, and no statement longer than its own limit. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const isFull = await this.takePage();
      // Aborted, it ends early, which is what the stop is for.
      if (!isFull) await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async takePage(): Promise<boolean> {
    try {
      const { asked, isFull } = await this.due.takePage(this.rules.now());
      this.isWaiting = false;
      if (asked > 0) {
        this.log.log({ msg: 'looks are due', asked });
        this.fetches.wake();
      }
      return isFull;
    } catch (error) {
      if (!this.isWaiting) this.log.warn({ msg: 'looks wait', err: error });
      this.isWaiting = true;
      return false;
    }
  }
}
