import { BatchTransport } from '@billhook/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { consumerName } from '../account/consumer-name.js';

/** How far behind "now" an answer may say it is while nothing waits. */
const tickMs = 500;

/**
 * Until when this replica has applied all that was announced. Each replica looks at the broker's queue and at what it has in
 * hand itself, and writes it down for all: what was handed to a replica waits in no queue, and only that replica knows of it.
 * The least of those that live is what the read model holds (`appliedUntil`). Times are PostgreSQL's.
 */
@Injectable()
export class ReadingProgress implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('reading-progress');
  private readonly replica = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transport: BatchTransport,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** Whoever stops has given back what it had in hand: it holds nobody up any longer. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.writing;
    await this.transport.close();
    await this.attempt(() => this.leave());
  }

  private schedule(): void {
    if (this.isStopping) return;
    this.timer = setTimeout(() => {
      this.writing = this.attempt(() => this.look()).then(() => this.schedule());
    }, tickMs).unref();
  }

  private async look(): Promise<void> {
    const beganAt = performance.now();
    const isCaughtUp = await this.transport.isCaughtUp();
    // What was announced after the question may have come after the answer: the time is the question's.
    const ageSeconds = isCaughtUp ? (performance.now() - beganAt) / 1000 : null;
    await this.dataSource.query(write, [this.replica, ageSeconds]);
  }

  private async leave(): Promise<void> {
    await this.dataSource.query(`UPDATE reading_progress SET seen_at = '-infinity' WHERE replica = $1`, [this.replica]);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.debug({ msg: 'how far this replica has come could not be written down', err: error });
    }
  }
}

/**
 * A replica that is new, or came back after it was counted out, begins with what all together knew. What was put off to be tried
 * again waits in no queue either; what is parked for a person is theirs to hurry.
 */
const write = `
  WITH known AS (
    SELECT CASE WHEN NOT EXISTS (SELECT FROM parked_event WHERE consumer = '${consumerName}' AND retry_at IS NOT NULL)
                THEN now() - make_interval(secs => $2::float8) END AS until)
  INSERT INTO reading_progress AS mine (replica, seen_at, applied_until)
  SELECT $1, now(), coalesce(known.until, (SELECT max(applied_until) FROM reading_progress), 'epoch') FROM known
  ON CONFLICT (replica) DO UPDATE
  SET seen_at = now(), applied_until = coalesce((SELECT until FROM known), mine.applied_until)`;

/**
 * As a column of a statement that reads the account: both are of one moment. A replica that was not heard of for half a minute
 * is dead or frozen, and the broker has taken back what it had been handed (its heartbeat is 5 s). With none alive, what the
 * last of them knew.
 */
export const appliedUntil = `coalesce(
  (SELECT min(applied_until) FROM reading_progress WHERE seen_at > now() - interval '30 seconds'),
  (SELECT max(applied_until) FROM reading_progress), 'epoch')`;
