import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { PendingFetchConsumer } from '../fetch/pending-fetch.consumer.js';
import { repeat } from '../repeat.js';
import { RulesSource } from '../rules.js';
import { DueLooks } from './due-looks.store.js';

/** A look comes ten minutes after its moment or at the end of days of grace: seconds do not matter. It costs one index look-up. */
const everyMs = 3_000;

/** Has Stripe asked about the subscriptions whose look is due. Every replica has one: they take different pages. */
@Injectable()
export class LookRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('timers');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly due: DueLooks,
    private readonly fetches: PendingFetchConsumer,
    private readonly rules: RulesSource,
  ) {}

  onApplicationBootstrap(): void {
    const { signal } = this.stopping;
    const failed = (error: unknown) => this.log.warn({ msg: 'looks wait', err: error });
    this.loop = repeat({ everyMs, signal, work: () => this.takePage(), failed });
  }

  /** A page takes milliseconds, and no statement longer than its own limit. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async takePage(): Promise<boolean> {
    const { asked, isFull } = await this.due.takePage(this.rules.now());
    if (asked > 0) {
      this.log.log({ msg: 'looks are due', asked });
      this.fetches.wake();
    }
    return isFull;
  }
}
