import { inTransaction } from '@billhook/database';
import type { EntityManager } from 'typeorm';
import type { Attempts } from './attempts.store.js';
import type { Delivery, Outcome, Settlement } from './event.js';
import { Inbox } from './inbox.store.js';
import type { Settled } from './inbox.store.js';
import { Outbox } from './outbox.store.js';
import { toAnnouncements } from './parked-announcement.js';
import type { BatchProcessorOptions } from './process-batch.store.js';
import { markRedacted } from './redaction.js';

type BatchTransactionOptions = Pick<
  BatchProcessorOptions,
  'dataSource' | 'consumer' | 'apply' | 'outboxSource' | 'isOfErased'
> & {
  attempts: Attempts;
};

/** An event that failed, and what is to be recorded of it. */
export interface FailedEvent {
  delivery: Delivery;
  attempts: number;
  outcome: { kind: 'parked'; reason: string } | { kind: 'retrying'; reason: string; afterMs: number };
}

/** Only to write down failures: nothing but a migration or another replica with the same events holds these tables. */
const patientLockTimeout = "SET LOCAL lock_timeout = '3s'";
const applied: Outcome = { kind: 'applied' };
const duplicate: Outcome = { kind: 'duplicate' };

/** What is all or nothing: deduplication, the effect or its failure, what became of each event, and its announcements. */
export class BatchTransaction {
  private readonly inbox: Inbox;
  private readonly outbox = new Outbox();

  constructor(private readonly options: BatchTransactionOptions) {
    this.inbox = new Inbox(options.consumer);
  }

  /** Applies those that are new. Rejects, with nothing done, when any of them fails or waits for a lock for too long. */
  apply(
    deliveries: Delivery[],
    { lockTimeoutMs, locked }: { lockTimeoutMs: number; locked: () => void },
  ): Promise<[Delivery, Outcome][]> {
    const { dataSource, attempts, apply } = this.options;
    return inTransaction(dataSource, async (manager) => {
      await manager.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
      const fresh = await this.recordOnce(manager, deliveries);
      const outcomes = fresh.length === 0 ? [] : await apply(manager, fresh, locked);
      if (outcomes.length !== fresh.length) throw new Error('apply must answer one outcome for each delivery');
      const settled = fresh.map((delivery, index) => ({ delivery, outcome: outcomes[index] ?? applied }));
      await this.record(manager, settled);
      await attempts.clear(manager, deliveries.filter((delivery) => delivery.redelivered).map(idOf));
      const outcomeOf = new Map(settled.map(({ delivery, outcome }) => [delivery, outcome]));
      return deliveries.map((delivery) => [delivery, outcomeOf.get(delivery) ?? duplicate]);
    });
  }

  /** From here on the failed events are PostgreSQL's: their messages can go. */
  async recordFailures(failed: readonly FailedEvent[]): Promise<[Delivery, Settlement][]> {
    const { dataSource, attempts } = this.options;
    const deliveries = failed.map(({ delivery }) => delivery);
    const fresh = await inTransaction(dataSource, async (manager) => {
      await manager.query(patientLockTimeout);
      await attempts.clear(manager, deliveries.map(idOf));
      const recorded = new Set(await this.recordOnce(manager, deliveries));
      await this.record(
        manager,
        failed.filter(({ delivery }) => recorded.has(delivery)),
      );
      return recorded;
    });
    return failed.map((each) => [each.delivery, fresh.has(each.delivery) ? toSettlement(each) : duplicate]);
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
    const kept = await markRedacted(manager, settled, this.options.isOfErased);
    await this.inbox.settle(manager, kept);
    const source = this.options.outboxSource;
    if (source !== undefined) await this.outbox.append(manager, source, toAnnouncements(kept, new Date()));
  }
}

function toSettlement({ outcome: { kind, reason }, attempts }: FailedEvent): Settlement {
  return kind === 'parked' ? { kind, reason } : { kind, reason, attempts };
}

function idOf(delivery: Delivery): string {
  return delivery.attributes.id;
}
