import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { FunnelStore } from '../funnel/funnel.store.js';
import { WordIndex } from './word-index.store.js';

/** How far behind the trail what is derived from it may be; whoever reads looks at the rest itself. */
const everyMs = 1_000;

/** Keeps what is derived from the trail up with it. One replica at a time does it, whichever comes first. */
@Injectable()
export class Follower implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger('follower');
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    private readonly words: WordIndex,
    private readonly funnel: FunnelStore,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.work(), everyMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.working;
  }

  /** Until nothing is left, or another replica is at it. */
  async catchUp(): Promise<void> {
    while (!this.isStopping && (await this.words.indexSome()));
    while (!this.isStopping && (await this.funnel.rollUp()));
  }

  private work(): void {
    this.working ??= this.catchUp()
      .catch((error: unknown) => this.log.warn({ msg: 'the trail could not be followed, trying again', err: error }))
      .finally(() => {
        this.working = undefined;
      });
  }
}
