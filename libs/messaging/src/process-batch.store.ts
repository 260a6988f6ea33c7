import { inTransaction, isDatabaseUnavailable } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import type { DataSource, EntityManager } from 'typeorm';
import { Attempts } from './attempts.store.js';
import type { Delivery, Outcome, Settlement } from './event.js';
import { Inbox } from './inbox.store.js';
import type { Settled } from './inbox.store.js';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import { Outbox } from './outbox.store.js';

export interface BatchProcessorOptions {
  dataSource: DataSource;
  /** Its name in the inbox, e.g. `subscription`. */
  consumer: string;
  /**
   * The service's effect, inside the batch's transaction. `deliveries` holds only events seen for the first time, in order of
   * arrival; the answer has one outcome each, in the same order. To park an event, answer `parked`: it is recorded here.
   */
  apply: (manager: EntityManager, deliveries: Delivery[]) => Promise<Outcome[]>;
  /** Announces `billing.event.parked` under this source; only for a schema that has an outbox. */
  outboxSource?: string;
  /** Default 5. */
  maxAttempts?: number;
  /** How long before the next try. Default 0.5 s, doubled each time. */
  retryAfterMs?: (attempts: number) => number;
  log?: MessagingLog;
}

export type ProcessBatch = (deliveries: Delivery[]) => Promise<Settlement[]>;

const defaultMaxAttempts = 5;
const firstRetryMs = 500;
/** Below the connection's statement time-out, so that waiting for others (55P03) is told from being slow (57014). */
const lockTimeout = "SET LOCAL lock_timeout = '5s'";

/** Our surroundings failed, not the event: trying again later is free. */
export function isSurroundingsFailure(error: unknown): boolean {
  return error instanceof Retryable || isDatabaseUnavailable(error);
}

/**
 * Make one per consumer and call it for each batch. Rejects only when the surroundings failed, which counts against no event.
 * Otherwise every delivery gets its answer: applied, duplicate, ignored, parked, or to be tried again later.
 */
export function createBatchProcessor(options: BatchProcessorOptions): ProcessBatch {
  const processor = new BatchProcessor(options);
  return (deliveries) => processor.process(deliveries);
}

class BatchProcessor {
  private readonly inbox: Inbox;
  private readonly attempts: Attempts;
  private readonly outbox = new Outbox();
  private readonly log: MessagingLog;
  private readonly maxAttempts: number;

  constructor(private readonly options: BatchProcessorOptions) {
    this.inbox = new Inbox(options.consumer);
    this.attempts = new Attempts(options.dataSource, options.consumer);
    this.log = options.log ?? nestLog(options.consumer);
    this.maxAttempts = options.maxAttempts ?? defaultMaxAttempts;
  }

  /**
   * New deliveries share one transaction. So do redelivered ones the first time, since a restart gives back whole batches of
   * healthy events; the second time they go one by one, so that an event that kills its process is alone when it does.
   */
  async process(deliveries: Delivery[]): Promise<Settlement[]> {
    const redelivered = deliveries.filter((delivery) => delivery.redelivered).map(idOf);
    const suspects = await this.attempts.mark(redelivered);
    const together = deliveries.filter((delivery) => !suspects.has(idOf(delivery)));
    const settlements = new Map<Delivery, Settlement>(await this.applyTogether(together));
    for (const delivery of deliveries) {
      if (!settlements.has(delivery)) settlements.set(delivery, await this.applyAlone(delivery));
    }
    return deliveries.map((delivery) => settlements.get(delivery) ?? { kind: 'duplicate' });
  }

  /** Nothing, when the batch failed because of an event: the caller goes on one by one. */
  private async applyTogether(deliveries: Delivery[]): Promise<[Delivery, Outcome][]> {
    if (deliveries.length === 0) return [];
    try {
      return await this.applyOnce(deliveries);
    } catch (error) {
      if (isSurroundingsFailure(error)) {
        this.attempts.owe(deliveries.filter((delivery) => delivery.redelivered).map(idOf));
        throw error;
      }
      this.log.warn({ err: error, events: deliveries.length }, 'the batch failed, going one by one');
      return [];
    }
  }

  private async applyAlone(delivery: Delivery): Promise<Settlement> {
    const { attempts, lastError } = await this.attempts.begin(idOf(delivery));
    if (attempts > this.maxAttempts) return this.park(delivery, lastError ?? 'its process died', attempts - 1);
    try {
      const [first] = await this.applyOnce([delivery], attempts);
      return first?.[1] ?? { kind: 'duplicate' };
    } catch (error) {
      return this.failed(delivery, attempts, error);
    }
  }

  private async failed(delivery: Delivery, attempts: number, error: unknown): Promise<Settlement> {
    if (isSurroundingsFailure(error)) {
      this.attempts.owe([idOf(delivery)]);
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    this.log.error({ err: error, eventId: idOf(delivery), type: delivery.attributes.type, attempts }, 'event failed');
    await this.attempts.note(idOf(delivery), reason);
    if (attempts >= this.maxAttempts) return this.park(delivery, reason, attempts);
    const afterMs = this.options.retryAfterMs?.(attempts) ?? firstRetryMs * 2 ** (attempts - 1);
    return { kind: 'retry', reason, afterMs };
  }

  /** Deduplication, effect, what became of each event and its announcements: all or nothing. */
  private applyOnce(deliveries: Delivery[], attempts?: number): Promise<[Delivery, Outcome][]> {
    return inTransaction(this.options.dataSource, async (manager) => {
      await manager.query(lockTimeout);
      const fresh = await this.recordOnce(manager, deliveries);
      const outcomes = fresh.length === 0 ? [] : await this.options.apply(manager, fresh);
      if (outcomes.length !== fresh.length) throw new Error('apply must answer one outcome for each delivery');
      const settled = fresh.map((delivery, index) => ({ delivery, outcome: outcomes[index] ?? applied, attempts }));
      await this.record(manager, settled);
      const tried = deliveries.filter((delivery) => delivery.redelivered || attempts !== undefined);
      await this.attempts.clear(manager, tried.map(idOf));
      const outcomeOf = new Map(settled.map(({ delivery, outcome }) => [delivery, outcome]));
      return deliveries.map((delivery) => [delivery, outcomeOf.get(delivery) ?? duplicate]);
    });
  }

  private park(delivery: Delivery, reason: string, attempts: number): Promise<Settlement> {
    return inTransaction(this.options.dataSource, async (manager) => {
      await this.attempts.clear(manager, [idOf(delivery)]);
      const fresh = await this.recordOnce(manager, [delivery]);
      if (fresh.length === 0) return duplicate;
      const outcome: Outcome = { kind: 'parked', reason };
      await this.record(manager, [{ delivery, outcome, attempts }]);
      return outcome;
    });
  }

  /** A batch may hold an event twice: the first delivery of it is the one that counts. */
  private async recordOnce(manager: EntityManager, deliveries: Delivery[]): Promise<Delivery[]> {
    const fresh = await this.inbox.recordOnce(
      manager,
      deliveries.map(({ attributes }) => ({ id: attributes.id, type: attributes.type })),
    );
    return deliveries.filter((delivery) => fresh.delete(idOf(delivery)));
  }

  private async record(manager: EntityManager, settled: Settled[]): Promise<void> {
    await this.inbox.settle(manager, settled);
    const source = this.options.outboxSource;
    if (source === undefined) return;
    await this.outbox.append(manager, source, settled.flatMap(toAnnouncement));
  }
}

const applied: Outcome = { kind: 'applied' };
const duplicate: Outcome = { kind: 'duplicate' };

function idOf(delivery: Delivery): string {
  return delivery.attributes.id;
}

function toAnnouncement({ delivery, outcome, attempts }: Settled): Parameters<Outbox['append']>[2] {
  if (outcome.kind !== 'parked') return [];
  const { id, type } = delivery.attributes;
  const data = { event_id: id, event_type: type, reason: outcome.reason, attempts: attempts ?? 0 };
  const event = { type: 'billing.event.parked', data } as const;
  return [{ event, causeId: id, subject: id, at: new Date() }];
}
