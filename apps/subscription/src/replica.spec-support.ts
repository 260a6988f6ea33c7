import { defaultGraceDays, planCatalogue } from '@billhook/billing';
import { dataSourceOptions } from '@billhook/database';
import { createBatchProcessor, isSurroundingsFailure, RetryRunner } from '@billhook/messaging';
import type { Delivery, OutgoingEvent, ProcessBatch, Settlement } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Erasures } from './erasure/erasures.store.js';
import { FetchApplier } from './fetch/apply-fetch.store.js';
import { HintStore } from './fetch/hint.store.js';
import { PendingFetchEntity } from './fetch/pending-fetch.entity.js';
import { PendingFetchStore } from './fetch/pending-fetch.store.js';
import { PullStore } from './fetch/pull.store.js';
import type { FetchedObject } from './fetch/subscription.client.js';
import { BatchApplier } from './intake/apply.store.js';
import { consumerName } from './intake/consumer-name.js';
import { RawEvents } from './intake/raw-event.store.js';
import { TakenEvents } from './intake/taken-events.store.js';
import { WaitingEvents } from './intake/waiting-events.store.js';
import { AccountEntity } from './ledger/account.entity.js';
import { CustomerEntity } from './ledger/customer.entity.js';
import { CustomerStore } from './ledger/customer.store.js';
import type { Rules } from './ledger/ledger.js';
import { LedgerStore } from './ledger/ledger.store.js';
import { StripeObjectStore } from './ledger/stripe-object.store.js';
import { SubscriptionEntity } from './ledger/subscription.entity.js';

/** Our own clock stands at the beginning of time: the policy goes by Stripe's. */
export const specRules: Rules = {
  catalogue: planCatalogue({
    pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
    elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
  }),
  graceDays: defaultGraceDays,
  now: new Date(0),
};

const entities = [AccountEntity, CustomerEntity, PendingFetchEntity, SubscriptionEntity];

const mostTries = 5;

/** What one replica does with a batch once the broker has handed it over, on connections of its own. */
export class Replica {
  private readonly processBatch: ProcessBatch;
  private readonly retries = new RetryRunner();
  private readonly pending: PendingFetchStore;
  private readonly fetches: FetchApplier;
  private readonly applier: BatchApplier;

  private constructor(readonly dataSource: DataSource) {
    const objects = new StripeObjectStore();
    const [customers, ledgers] = [new CustomerStore(), new LedgerStore(objects)];
    const [waiting, taken] = [new WaitingEvents(), new TakenEvents()];
    const pending = new PendingFetchStore(dataSource);
    const pulls = new PullStore(dataSource, pending);
    this.pending = pending;
    const rawEvents = new RawEvents();
    this.fetches = new FetchApplier(
      dataSource,
      customers,
      ledgers,
      pending,
      pulls,
      new HintStore(),
      waiting,
      taken,
      rawEvents,
    );
    this.applier = new BatchApplier(
      rawEvents,
      objects,
      customers,
      ledgers,
      pending,
      pulls,
      waiting,
      taken,
      new Erasures(),
    );
    this.processBatch = createBatchProcessor({
      dataSource,
      consumer: consumerName,
      retries: this.retries,
      outboxSource: 'subscription',
      apply: async (manager, deliveries, locked) =>
        (await this.applier.apply(manager, deliveries, specRules, locked)).outcomes,
    });
  }

  static async connect(url: string, applicationName = 'replica-spec'): Promise<Replica> {
    const options = dataSourceOptions({ url, schema: 'subscription', applicationName, entities });
    return new Replica(await new DataSource(options).initialize());
  }

  async end(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Until each is settled: what a busy machine held up waits for another try. */
  async take(...events: OutgoingEvent[]): Promise<Settlement[]> {
    const settlements = await this.deliver(events.map(toDelivery));
    if (settlements.some(({ kind }) => kind === 'retrying')) await waitFor('the retries', () => this.retryAll());
    return settlements;
  }

  /** Again, as the queue would have it, while the surroundings fail: a busy machine may take seconds between two statements. */
  private async deliver(deliveries: Delivery[]): Promise<Settlement[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.processBatch(deliveries);
      } catch (error) {
        if (!isSurroundingsFailure(error) || tries === mostTries) throw error;
      }
    }
  }

  private async retryAll(): Promise<boolean> {
    await this.retries.runDue();
    const left: unknown[] = await this.dataSource.query(`SELECT FROM inbox WHERE outcome = 'retrying'`);
    return left.length === 0;
  }

  /** In a transaction that the caller ends. */
  async apply(manager: EntityManager, ...events: OutgoingEvent[]): Promise<void> {
    await this.applier.apply(manager, events.map(toDelivery), specRules);
  }

  /** As a replay by hand does. */
  async applyAgain(manager: EntityManager, event: OutgoingEvent): Promise<void> {
    await this.applier.apply(manager, [{ ...toDelivery(event), replayId: 'replay/spec' }], specRules);
  }

  /** Asks about everything that is to be asked of Stripe; null for what it does not know. */
  async askAll(answer: (subscriptionId: string) => FetchedObject | null): Promise<void> {
    for (;;) {
      const fetch = await this.pending.lease({ background: true });
      if (fetch === null) return;
      const answered = answer(fetch.subscriptionId);
      if (answered === null) throw new Error(`nobody knows ${fetch.subscriptionId}`);
      await this.fetches.apply(fetch, answered, specRules);
    }
  }
}

function toDelivery({ attributes, body }: OutgoingEvent): Delivery {
  return { attributes, body, redelivered: false };
}
