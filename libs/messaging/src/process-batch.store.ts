import { hasServerVanished } from '@billhook/database';
import type { DataSource, EntityManager } from 'typeorm';
import { Attempts } from './attempts.store.js';
import { BatchTransaction } from './batch-transaction.store.js';
import type { FailedEvent } from './batch-transaction.store.js';
import type { Delivery, Outcome, Settlement } from './event.js';
import { failureReason, processDied } from './failure.js';
import { isHeldUp } from './held-up.js';
import type { MessagingLog } from './log.js';
import { Patience } from './patience.js';
import type { IsOfErased } from './redaction.js';
import { addRetryLane } from './retry-lane.store.js';
import type { RetryRunner } from './retry-runner.store.js';
import { isSurroundingsFailure } from './surroundings.js';
import { Turnstile } from './turnstile.js';

export interface BatchProcessorOptions {
  dataSource: DataSource;
  /** Its name in the inbox, e.g. `subscription`. */
  consumer: string;
  /**
   * The service's effect, inside the batch's transaction. `deliveries` holds only events seen for the first time, in order of
   * arrival; the answer has one outcome each, in the same order. To park an event, answer `parked`: it is recorded here.
   * It may be called again for the same events: after a conflict, in smaller batches, or alone by a retry. Where the queue has
   * several lanes, it says `locked` as soon as it holds every lock that decides its order: the next batch waits for that.
   */
  apply: (manager: EntityManager, deliveries: Delivery[], locked: () => void) => Promise<Outcome[]>;
  /** Tries again what failed. */
  retries: RetryRunner;
  /**
   * Of which customer an event is; null when nobody can tell. Once three events of a customer have failed in a batch, the rest of theirs
   * are left to the retries untried: then it is most often the customer that is broken, and nobody else waits for them. Asked of each
   * event of a batch that fails.
   */
  customerOf?: (delivery: Delivery) => string | null;
  /** Announces `billing.event.parked` under this source; only for a schema that has an outbox. */
  outboxSource?: string;
  /** What is parked for good of somebody erased is parked without its bytes; only for a service that knows who is. */
  isOfErased?: IsOfErased;
  /** Default 5. */
  maxAttempts?: number;
  /** How long before the next try. Default 0.5 s, doubled each time. */
  retryAfterMs?: (attempts: number) => number;
  log?: MessagingLog;
}

export type ProcessBatch = (deliveries: Delivery[]) => Promise<Settlement[]>;

/** So many failures in one batch, and halving it any further costs more than going one by one. */
const fewFailures = 3;

/**
 * Make one per consumer and call it for each batch. Rejects only when the surroundings failed, which counts against no event.
 * Otherwise every delivery gets its answer and can be acknowledged: applied, duplicate, ignored, parked, or retrying, which is
 * an event that failed and is recorded as such. It is tried again from PostgreSQL, not held in the consumer's hands, where a few
 * hundred failing events of one customer would fill the prefetch and keep everybody else's waiting.
 */
export function createBatchProcessor(options: BatchProcessorOptions): ProcessBatch {
  const complete = addRetryLane(options);
  const processor = new BatchProcessor(complete);
  return (deliveries) => processor.process(deliveries);
}

const leftUntried = 'left_untried: others of its customer failed in its batch';

/** One that comes back for the second time was in hand at two deaths: the first left no mark, the second left it. */
const deathsOfMarked = 2;

/** How far a batch has got. */
interface Progress {
  settlements: Map<Delivery, Settlement>;
  failures: FailedEvent[];
  /** How many they are of each customer. */
  failuresOf: Map<string, number>;
  patience: Patience;
  locked: () => void;
}

class BatchProcessor {
  private readonly attempts: Attempts;
  private readonly transaction: BatchTransaction;
  private readonly turnstile = new Turnstile();

  constructor(
    private readonly options: Required<Omit<BatchProcessorOptions, 'outboxSource' | 'isOfErased' | 'customerOf'>> &
      BatchProcessorOptions,
  ) {
    this.attempts = new Attempts(options.dataSource, options.consumer);
    this.transaction = new BatchTransaction({ ...options, attempts: this.attempts });
  }

  /** Called again before it has ended, it waits until the batch before holds its locks, and gives up with one that never did. */
  async process(deliveries: Delivery[]): Promise<Settlement[]> {
    const { locked, gaveUp } = await this.turnstile.pass();
    try {
      return await this.processInTurn(deliveries, locked);
    } catch (error) {
      gaveUp(error);
      throw error;
    } finally {
      locked();
    }
  }

  /**
   * New deliveries share one transaction. So do redelivered ones the first time, since a restart gives back whole batches of
   * healthy events. The second time they are left to the retries before anything else is tried: each is alone there, and does not
   * meet every process in its first moments. In line they would: killed from outside soon after each start, a service always
   * has the same head of its queue in hand, and healthy events would be taken for what kills it.
   */
  private async processInTurn(deliveries: Delivery[], locked: () => void): Promise<Settlement[]> {
    const redelivered = deliveries.filter((delivery) => delivery.redelivered).map(idOf);
    const suspects = await this.attempts.mark(redelivered);
    const alone = deliveries.filter((delivery) => suspects.has(idOf(delivery)));
    const together = deliveries.filter((delivery) => !suspects.has(idOf(delivery)));
    const progress: Progress = {
      settlements: new Map(),
      failures: [],
      failuresOf: new Map(),
      patience: new Patience(),
      locked,
    };
    try {
      const leftToRetries = alone.map((delivery) => this.toFailedEvent(delivery, deathsOfMarked, processDied()));
      await this.recordFailures(leftToRetries, progress);
      await this.applyAll(together, progress);
      await this.recordFailures(progress.failures, progress);
    } catch (error) {
      // Whoever was marked and is not settled comes again: this time was our fault. Unless the server's process died of one of
      // them, as ours might have: then they keep the mark, so that each is alone the next time. What failed by itself was not it.
      const isSettled = (delivery: Delivery): boolean => progress.settlements.has(delivery);
      const marked = hasServerVanished(error)
        ? []
        : together.filter((delivery) => delivery.redelivered && !isSettled(delivery));
      const failed = progress.failures.map(({ delivery }) => delivery);
      this.attempts.owe([...marked, ...failed].map(idOf));
      throw error;
    }
    return deliveries.map((delivery) => progress.settlements.get(delivery) ?? duplicate);
  }

  /** In one transaction if that works; else in ever smaller ones, in the same order, until whoever spoils it stands alone. */
  private async applyAll(all: Delivery[], progress: Progress): Promise<void> {
    const deliveries = this.leaveSuspects(all, progress);
    const [only] = deliveries;
    if (only === undefined) return;
    const hasLeftSome = deliveries.length < all.length;
    // Without those that were left they are worth another try together.
    const isWorthDividing = hasLeftSome || progress.failures.length < fewFailures;
    if (deliveries.length > 1 && !isWorthDividing) return this.applyEach(deliveries, progress);
    try {
      await this.applyOnce(deliveries, progress);
    } catch (error) {
      if (!isEventsFailure(error)) throw error;
      if (deliveries.length === 1) return this.failed(only, isHeldUp(error) ? 0 : 1, error, progress);
      this.options.log.warn({ err: error, events: deliveries.length }, 'the batch failed, dividing it');
      // Waiting half by half, for a lock or for a server that is slow, would take as long again each time.
      if (isHeldUp(error)) return this.applyEach(deliveries, progress);
      const middle = Math.ceil(deliveries.length / 2);
      await this.applyAll(deliveries.slice(0, middle), progress);
      await this.applyAll(deliveries.slice(middle), progress);
    }
  }

  /** Answers those that are still to be tried. */
  private leaveSuspects(deliveries: Delivery[], { failures, failuresOf }: Progress): Delivery[] {
    if (failures.length < fewFailures) return deliveries;
    const suspects = deliveries.filter((delivery) => {
      const customerId = this.customerOf(delivery);
      return customerId !== null && (failuresOf.get(customerId) ?? 0) >= fewFailures;
    });
    failures.push(...suspects.map((delivery) => this.toFailedEvent(delivery, 0, leftUntried)));
    return deliveries.filter((delivery) => !suspects.includes(delivery));
  }

  /** What nobody can read fails where it is applied, and says why there. */
  private customerOf(delivery: Delivery): string | null {
    try {
      return this.options.customerOf?.(delivery) ?? null;
    } catch {
      return null;
    }
  }

  private async applyEach(deliveries: Delivery[], progress: Progress): Promise<void> {
    for (const delivery of deliveries) await this.applyAll([delivery], progress);
  }

  private failed(delivery: Delivery, attempts: number, error: unknown, { failures, failuresOf }: Progress): void {
    const { id: eventId, type } = delivery.attributes;
    this.options.log.error({ err: error, eventId, type, attempts }, 'event failed');
    failures.push(this.toFailedEvent(delivery, attempts, failureReason(error)));
    const customerId = this.customerOf(delivery);
    if (customerId !== null) failuresOf.set(customerId, (failuresOf.get(customerId) ?? 0) + 1);
  }

  private async applyOnce(deliveries: Delivery[], { patience, locked, settlements }: Progress): Promise<void> {
    const startedAt = performance.now();
    try {
      const settled = await this.transaction.apply(deliveries, { lockTimeoutMs: patience.lockTimeoutMs, locked });
      for (const [delivery, outcome] of settled) settlements.set(delivery, outcome);
    } catch (error) {
      if (isHeldUp(error)) patience.waited(performance.now() - startedAt);
      throw error;
    }
  }

  private async recordFailures(failures: readonly FailedEvent[], { settlements }: Progress): Promise<void> {
    if (failures.length === 0) return;
    const recorded = await this.transaction.recordFailures(failures);
    for (const [delivery, settlement] of recorded) settlements.set(delivery, settlement);
  }

  private toFailedEvent(delivery: Delivery, attempts: number, reason: string): FailedEvent {
    const { maxAttempts, retryAfterMs } = this.options;
    if (attempts >= maxAttempts) return { delivery, attempts, outcome: { kind: 'parked', reason } };
    return { delivery, attempts, outcome: { kind: 'retrying', reason, afterMs: retryAfterMs(attempts) } };
  }
}

const duplicate: Outcome = { kind: 'duplicate' };

function idOf(delivery: Delivery): string {
  return delivery.attributes.id;
}

/** Whatever held it up was met by this event: it is put off without a try used up, and its neighbours go on. */
function isEventsFailure(error: unknown): boolean {
  return isHeldUp(error) || !isSurroundingsFailure(error);
}
