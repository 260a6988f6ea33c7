import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { repeat } from '../repeat.js';
import { Erasures } from './erasures.store.js';
import { Redaction } from './redaction.store.js';

/** Nobody waits for it at a page, and a month is what the law allows: a second costs one look at an empty index. */
const everyMs = 1_000;

/** Carries erasures out, one after the other. Every replica has one, and what a process leaves half done another does again. */
@Injectable()
export class ErasureRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('erasure');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly erasures: Erasures,
    private readonly redaction: Redaction,
  ) {}

  onApplicationBootstrap(): void {
    const { signal } = this.stopping;
    const failed = (error: unknown) => this.log.warn({ msg: 'erasures wait', err: error });
    this.loop = repeat({ everyMs, signal, work: () => this.next(), failed });
  }

  /** It ends with the page in hand. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async next(): Promise<boolean> {
    const erasure = await this.erasures.lease(this.dataSource);
    if (erasure === null) return false;
    const goesOn = async () => !this.stopping.signal.aborted && (await this.erasures.renew(this.dataSource, erasure));
    const counts = await this.redaction.run(erasure.userId, goesOn);
    if (counts === null) return true;
    await this.erasures.finish(this.dataSource, erasure, counts);
    this.log.log({ msg: 'erased', requestId: erasure.requestId, ...counts });
    return true;
  }
}
