import { dataSourceOptions } from '@billhook/database';
import type { ShadowSchema } from '@billhook/database';
import { createBatchProcessor, RetryRunner } from '@billhook/messaging';
import type { Delivery, ProcessBatch } from '@billhook/messaging';
import { DataSource } from 'typeorm';
import { Erasures } from '../erasure/erasures.store.js';
import { FetchApplier } from '../fetch/apply-fetch.store.js';
import { fetchedType } from '../fetch/fetched-event.js';
import { HintStore } from '../fetch/hint.store.js';
import { PendingFetchEntity } from '../fetch/pending-fetch.entity.js';
import { PendingFetchStore } from '../fetch/pending-fetch.store.js';
import { PullStore } from '../fetch/pull.store.js';
import { BatchApplier } from '../intake/apply.store.js';
import { consumerName } from '../intake/consumer-name.js';
import { RawEvents } from '../intake/raw-event.store.js';
import { TakenEvents } from '../intake/taken-events.store.js';
import { WaitingEvents } from '../intake/waiting-events.store.js';
import { CustomerStore } from '../ledger/customer.store.js';
import type { Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { StripeObjectStore } from '../ledger/stripe-object.store.js';
import type { StoredEvent } from './stored-events.store.js';

export const shadowSchema: ShadowSchema = 'subscription_rebuild';

/** The live schema has them already: a shadow needs no second copy. */
class NoRawEvents extends RawEvents {
  override append(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The service's own way from an event to its effect, on a schema beside the live one. Nothing relays its outbox, nothing asks
 * Stripe for it, and what fails is parked at once.
 */
export class Shadow {
  private readonly processBatch: ProcessBatch;
  private readonly fetches: FetchApplier;
  /** By which the batch in hand is applied: of the moment at which it was applied first. */
  private rules: Rules;

  private constructor(
    private readonly dataSource: DataSource,
    rules: Rules,
  ) {
    this.rules = rules;
    const objects = new StripeObjectStore();
    const [customers, ledgers, rawEvents] = [new CustomerStore(), new LedgerStore(objects), new NoRawEvents()];
    const [waiting, taken, pending] = [new WaitingEvents(), new TakenEvents(), new PendingFetchStore(dataSource)];
    const [pulls, hints] = [new PullStore(dataSource, pending), new HintStore()];
    this.fetches = new FetchApplier(dataSource, customers, ledgers, pending, pulls, hints, waiting, taken, rawEvents);
    const applier = new BatchApplier(
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
      retries: new RetryRunner(),
      maxAttempts: 1,
      apply: async (manager, deliveries, locked) =>
        (await applier.apply(manager, deliveries, this.rules, locked)).outcomes,
    });
  }

  static async open(url: string, rules: Rules): Promise<Shadow> {
    const applicationName = 'billhook-rebuild';
    const options = dataSourceOptions({ url, schema: shadowSchema, applicationName, entities: [PendingFetchEntity] });
    return new Shadow(await new DataSource({ ...options, poolSize: 2 }).initialize(), rules);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Events that were applied together, by the clock of that moment; Stripe's answers stand alone. */
  async apply(events: readonly StoredEvent[], now: Date): Promise<void> {
    this.rules = { ...this.rules, now };
    const [first] = events;
    if (first?.delivery.attributes.type === fetchedType) return this.applyAnswer(first);
    await this.processBatch(events.map(({ delivery }) => delivery));
  }

  private async applyAnswer({ delivery, customerId }: StoredEvent): Promise<void> {
    const { subject, causeid, time } = delivery.attributes;
    if (subject === undefined || causeid === undefined)
      throw new Error('a stored answer of Stripe names no subscription');
    const known = await this.find(subject);
    const at = new Date(time);
    const fetch = { subscriptionId: subject, customerId, causeId: causeid, notBefore: at, ...known };
    await this.fetches.apply(fetch, { object: toObject(delivery), answeredAt: at }, this.rules);
  }

  /** What the row holds, and what is asked about it: the answer settled it then, and does so now. */
  private async find(subscriptionId: string): Promise<{ seenState: string | null; requests: number }> {
    const rows: { seenState: string | null; requests: number }[] = await this.dataSource.query(
      `SELECT (SELECT order_state FROM subscription WHERE subscription_id = $1) AS "seenState",
              coalesce((SELECT requests FROM pending_fetch WHERE subscription_id = $1), 0) AS requests`,
      [subscriptionId],
    );
    return rows[0] ?? { seenState: null, requests: 0 };
  }

  /** Events that the live schema applied, and that failed here: a rule that has changed since, or a bug. */
  findFailed(): Promise<{ id: string; reason: string }[]> {
    return this.dataSource.query(
      'SELECT event_id AS id, reason FROM parked_event WHERE attempts > 0 ORDER BY parked_at, event_id',
    );
  }

  /** Subscriptions about which Stripe would have to be asked: its answer is not among the raw events. */
  async findUnanswered(): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      'SELECT subscription_id AS id FROM pending_fetch ORDER BY subscription_id',
    );
    return rows.map(({ id }) => id);
  }
}

function toObject({ body }: Delivery): unknown {
  return JSON.parse(body.toString());
}
