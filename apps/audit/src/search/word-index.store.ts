import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** How far the index may be behind: until it has come up, a search reads the rest through. */
const everyMs = 1_000;
/** A statement of well under a second; a backlog is worked off by many of them. */
const most = 2_000;

/** Indexes the words of new entries, behind the trail. One replica at a time does it, whichever comes first. */
@Injectable()
export class WordIndex implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger('word-index');
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private isStopping = false;

  constructor(private readonly dataSource: DataSource) {}

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
    while (!this.isStopping && (await this.indexSome()) === most);
  }

  private work(): void {
    this.working ??= this.catchUp()
      .catch((error: unknown) => this.log.warn({ msg: 'words could not be indexed, trying again', err: error }))
      .finally(() => {
        this.working = undefined;
      });
  }

  private async indexSome(): Promise<number> {
    const rows: { indexed: string }[] = await this.dataSource.query('SELECT index_words($1) AS indexed', [most]);
    return Number(rows[0]?.indexed ?? 0);
  }
}
