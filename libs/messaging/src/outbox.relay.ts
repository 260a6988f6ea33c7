import { attributesSchema } from '@billhook/contracts';
import { Retryable } from '@billhook/runtime';
import type { DataSource } from 'typeorm';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import type { EventPublisher } from './publisher.relay.js';
import { RelayLease } from './relay-lease.store.js';
import { Signal } from './signal.js';
import { waitAtMost } from './wait-at-most.js';

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
  /** Transactions below this had ended when the row was read. */
  oldest_running: string;
  /** Transactions from this on had not begun. */
  next_to_begin: string;
}

interface BatchUnderWay {
  ids: string[];
  /** Never rejects. */
  ended: Promise<void>;
}

const start = '0';
const batchSize = 200;
/** Reading, confirming and marking overlap. Together well below the publisher's bound in flight. */
const mostBatchesUnderWay = 3;
/** A row may commit after rows with higher ids: at the latest after so many full batches it is looked for from the start. */
const batchesBeforeLookingBack = 50;
/** Of the ten seconds that a process has to exit in. What is not marked by then is published again: consumers know the id. */
const stopDeadlineMs = 2_500;
/** How soon a standby takes over after the active relay is gone. */
const standbyMs = 1_000;
/** Notifications wake the relay; this is for those that a half-open connection keeps from it. An index holds what is unsent. */
const pollMs = 1_000;
const failureDelayMs = 500;

/** Its COMMIT waits for no disk: a mark that a crash of the server takes back is a publish that consumers know. */
const markSent = `
  WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
  UPDATE outbox SET sent_at = now() FROM unhurried WHERE id = ANY($1::bigint[])`;

/** Publishes a schema's outbox in order of its rows: one active relay per schema, the other replicas stand by. */
export class OutboxRelay {
  private readonly log: MessagingLog;
  private readonly work = new Signal();
  private readonly stopping = new Signal();
  private readonly batches = new Set<BatchUnderWay>();
  private failure: unknown;
  /** The id after which the next batch is read. */
  private readAfter = start;
  /** Ends of batches below which a transaction may still commit a row, and after which transactions none can. */
  private ends: { id: string; settledBy: bigint }[] = [];
  private fullBatches = 0;
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
    await waitAtMost(stopDeadlineMs, this.loop);
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
        if (await this.publishNext()) continue;
        const wasWoken = await this.work.wait(pollMs);
        if (!wasWoken) await lease.confirm();
      } catch (error) {
        this.log.warn({ schema: this.options.schema, err: error }, 'the outbox waits');
        this.readFromStart();
        await this.stopping.wait(failureDelayMs);
      }
    }
    await this.allEnded();
  }

  /** Starts one more batch, in order of its rows. Whether another may be started at once. */
  private async publishNext(): Promise<boolean> {
    if (this.failure !== undefined) await this.giveUp();
    if (this.batches.size >= mostBatchesUnderWay) return false;
    // `mandatory` is content with any queue: without this, the trail would take what a consumer without its queue never gets.
    const missing = this.options.publisher.missingQueues();
    if (missing.length > 0) throw new Retryable('broker_unavailable', new Error(`missing: ${missing.join(', ')}`));
    const rows = await this.read();
    if (rows.length > 0) this.begin(rows);
    return rows.length === batchSize;
  }

  private async allEnded(): Promise<void> {
    await Promise.all([...this.batches].map((batch) => batch.ended));
  }

  /** No more may overtake a row that failed: what is under way ends, then everything unsent is read again from the start. */
  private async giveUp(): Promise<never> {
    await this.allEnded();
    const { failure } = this;
    this.failure = undefined;
    throw failure;
  }

  /**
   * The next rows that are neither sent nor under way. In a long backlog from where the last batch ended, since the index still
   * holds the rows marked a moment ago, and going through them again for each batch would cost ever more.
   */
  private async read(): Promise<OutboxRow[]> {
    const rows: OutboxRow[] = await this.options.dataSource.query(
      `SELECT id, attributes, body, pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_running,
              pg_snapshot_xmax(pg_current_snapshot())::text AS next_to_begin
       FROM outbox WHERE sent_at IS NULL AND id > $1 AND id <> ALL($2::bigint[]) ORDER BY id LIMIT $3`,
      [this.readAfter, [...this.batches].flatMap(({ ids }) => ids), batchSize],
    );
    this.fullBatches = rows.length === batchSize ? (this.fullBatches + 1) % batchesBeforeLookingBack : 0;
    const last = rows.at(-1);
    if (last === undefined || this.fullBatches === 0) this.readFromStart();
    else this.readOnAfter(last);
    return rows;
  }

  private readFromStart(): void {
    this.readAfter = start;
    this.ends = [];
  }

  /**
   * Past a batch only once every transaction has ended that ran when it was read. One of them may hold a lower id, and the next
   * row of its subject, written after its commit, must not be published before it.
   */
  private readOnAfter({ id, oldest_running: oldest, next_to_begin: next }: OutboxRow): void {
    const settled = this.ends.filter(({ settledBy }) => settledBy <= BigInt(oldest));
    this.readAfter = settled.at(-1)?.id ?? this.readAfter;
    this.ends = [...this.ends.slice(settled.length), { id, settledBy: BigInt(next) }];
  }

  private begin(rows: OutboxRow[]): void {
    const batch = { ids: rows.map((row) => row.id), ended: Promise.resolve() };
    this.batches.add(batch);
    batch.ended = this.publishAndMark(rows)
      .catch((error: unknown) => void (this.failure ??= error))
      .finally(() => {
        this.batches.delete(batch);
        this.work.set();
      });
  }

  /**
   * Without waiting for one confirm before the next publish. What was confirmed is marked even if a later one failed. Dying
   * between confirm and mark publishes again: consumers know the id.
   */
  private async publishAndMark(rows: OutboxRow[]): Promise<void> {
    const results = await Promise.allSettled(rows.map((row) => this.publish(row)));
    const sent = rows.filter((_, index) => results[index]?.status === 'fulfilled').map((row) => row.id);
    const { dataSource } = this.options;
    if (sent.length > 0) {
      await dataSource.query(markSent, [sent]);
    }
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** Asynchronous from its first line: a row that cannot be read fails alone. */
  private async publish({ attributes, body }: OutboxRow): Promise<void> {
    await this.options.publisher.publish({ attributes: attributesSchema.parse(attributes), body });
  }
}
