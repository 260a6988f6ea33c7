import { attributesSchema } from '@billhook/contracts';
import { Retryable } from '@billhook/runtime';
import type { DataSource } from 'typeorm';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import type { EventPublisher } from './publisher.relay.js';
import { RelayLease } from './relay-lease.store.js';
import { Signal } from './signal.js';

export interface OutboxRelayOptions {
  dataSource: DataSource;
  /** For the connection that holds the lock and listens. */
  databaseUrl: string;
  publisher: EventPublisher;
  schema: string;
  log?: MessagingLog;
}

interface OutboxRow {
  id: string;
  attributes: unknown;
  body: Buffer;
}

const batchSize = 200;
/** How soon a standby takes over after the active relay is gone. */
const standbyMs = 1_000;
/** Notifications wake the relay; this is for the one that was lost with its connection. */
const pollMs = 5_000;
const failureDelayMs = 500;

/** Publishes a schema's outbox in order of its rows: one active relay per schema, the other replicas stand by. */
export class OutboxRelay {
  private readonly log: MessagingLog;
  private readonly work = new Signal();
  private readonly stopping = new Signal();
  private isStopped = false;
  private loop: Promise<void> | undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    this.log = options.log ?? nestLog('outbox');
  }

  /** Returns at once; relaying begins when database and broker are there. */
  start(): Promise<void> {
    this.loop = this.run();
    return Promise.resolve();
  }

  /** Finishes what is being published, then gives up the lock. Stop it before its publisher and its data source. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.work.set();
    this.stopping.set();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const lease = await this.tryAcquire();
      if (lease === undefined) {
        await this.stopping.wait(standbyMs);
        continue;
      }
      this.log.info({ schema: this.options.schema }, 'relaying the outbox');
      await this.relayWhile(lease);
      await lease.release();
    }
  }

  private async tryAcquire(): Promise<RelayLease | undefined> {
    const { databaseUrl, schema } = this.options;
    try {
      return await RelayLease.tryAcquire(databaseUrl, schema, () => this.work.set());
    } catch (error) {
      this.log.warn({ schema, error: String(error) }, 'cannot reach the database to relay the outbox');
      return undefined;
    }
  }

  private async relayWhile(lease: RelayLease): Promise<void> {
    while (!this.isStopped && lease.isHeld) {
      try {
        const count = await this.publishNext();
        if (count < batchSize) await this.work.wait(pollMs);
      } catch (error) {
        this.log.warn({ schema: this.options.schema, err: error }, 'the outbox waits');
        await this.stopping.wait(failureDelayMs);
      }
    }
  }

  /**
   * One batch, in order, without waiting for one confirm before the next publish. What was confirmed is marked even if a later
   * one failed. Dying between confirm and mark publishes again: consumers know the id.
   */
  private async publishNext(): Promise<number> {
    const { dataSource, publisher } = this.options;
    // `mandatory` is content with any queue: without this, the trail would take what a consumer without its queue never gets.
    const missing = publisher.missingQueues();
    if (missing.length > 0) throw new Retryable('broker_unavailable', new Error(`missing: ${missing.join(', ')}`));
    const rows: OutboxRow[] = await dataSource.query(
      'SELECT id, attributes, body FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT $1',
      [batchSize],
    );
    if (rows.length === 0) return 0;
    const results = await Promise.allSettled(rows.map((row) => this.publish(row)));
    const sent = rows.filter((_, index) => results[index]?.status === 'fulfilled').map((row) => row.id);
    await dataSource.query('UPDATE outbox SET sent_at = now() WHERE id = ANY($1::bigint[])', [sent]);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return rows.length;
  }

  /** Asynchronous from its first line: a row that cannot be read fails alone. */
  private async publish({ attributes, body }: OutboxRow): Promise<void> {
    await this.options.publisher.publish({ attributes: attributesSchema.parse(attributes), body });
  }
}
