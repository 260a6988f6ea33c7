import { createBatchProcessor, RetryRunner } from '@billhook/messaging';
import type { Delivery, ProcessBatch, Settlement } from '@billhook/messaging';
import { Controller, Logger } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Counter } from 'prom-client';
import { DataSource } from 'typeorm';
import { Erasures } from '../erasure/erasures.store.js';
import { PendingFetchConsumer } from '../fetch/pending-fetch.consumer.js';
import { toIntake } from '../ledger/intake.js';
import { RulesSource } from '../rules.js';
import { BatchApplier } from './apply.store.js';
import { consumerName } from './consumer-name.js';

const outcomes = new Counter({
  name: 'billhook_subscription_events_total',
  help: 'Events taken from subscription.events, by what became of them.',
  labelNames: ['outcome'],
});

/** The queue's end in this service. */
@Controller()
export class EventsConsumer {
  private readonly log = new Logger('events');
  private readonly processBatch: ProcessBatch;
  /** Counted inside a batch's transaction and looked at after it: the worker sees a question only once it is committed. */
  private questions = 0;

  constructor(
    dataSource: DataSource,
    applier: BatchApplier,
    rules: RulesSource,
    private readonly fetches: PendingFetchConsumer,
    retries: RetryRunner,
    erasures: Erasures,
  ) {
    this.processBatch = createBatchProcessor({
      dataSource,
      consumer: consumerName,
      retries,
      outboxSource: 'subscription',
      customerOf: (delivery) => toIntake(delivery).customerId,
      isOfErased: (manager, mentions) => erasures.isOfErased(manager, mentions),
      apply: async (manager, deliveries, locked) => {
        const { outcomes: settled, asksStripe } = await applier.apply(manager, deliveries, rules.now(), locked);
        if (asksStripe) this.questions += 1;
        return settled;
      },
    });
  }

  @EventPattern('subscription.events')
  async take(@Payload() batch: Delivery[]): Promise<Settlement[]> {
    const startedAt = performance.now();
    const questions = this.questions;
    const settlements = await this.processBatch(batch);
    // Perhaps another batch's, not committed yet: waking for nothing costs one look.
    if (this.questions !== questions) this.fetches.wake();
    const ms = Math.round(performance.now() - startedAt);
    settlements.forEach((settlement, index) => this.report(batch[index], settlement, ms));
    return settlements;
  }

  private report(delivery: Delivery | undefined, settlement: Settlement, ms: number): void {
    outcomes.inc({ outcome: settlement.kind });
    const reason = 'reason' in settlement ? settlement.reason : undefined;
    const { id: eventId, type } = delivery?.attributes ?? {};
    this.log.log({ msg: 'event', eventId, type, outcome: settlement.kind, reason, ms });
  }
}
