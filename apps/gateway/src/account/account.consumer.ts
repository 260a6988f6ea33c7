import { parseDomainEvent } from '@billhook/contracts';
import type { Account } from '@billhook/contracts';
import { createBatchProcessor, RetryRunner } from '@billhook/messaging';
import type { Delivery, Outcome, ProcessBatch, Settlement } from '@billhook/messaging';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { eventSource } from '../announcement.js';
import { AccountStore } from './account.store.js';

/** Follows `billing.account.changed` into the read model. The queue also brings the account's other events. */
@Controller()
export class AccountConsumer {
  private readonly process: ProcessBatch;

  constructor(
    dataSource: DataSource,
    private readonly accounts: AccountStore,
    retries: RetryRunner,
  ) {
    this.process = createBatchProcessor({
      dataSource,
      consumer: 'gateway',
      retries,
      outboxSource: eventSource,
      apply: (manager, deliveries) => this.apply(manager, deliveries),
    });
  }

  @EventPattern('gateway.accounts')
  handle(@Payload() batch: Delivery[]): Promise<Settlement[]> {
    return this.process(batch);
  }

  /** In the order of user ids, so that two replicas cannot wait for each other's rows. */
  private async apply(manager: EntityManager, deliveries: Delivery[]): Promise<Outcome[]> {
    const readings = deliveries.map((delivery) => readAccount(delivery));
    const inOrder = readings.filter((reading) => reading.kind === 'account').toSorted(byUser);
    for (const reading of inOrder) {
      reading.outcome = (await this.accounts.apply(manager, reading.account))
        ? { kind: 'applied' }
        : { kind: 'ignored', reason: 'stale' };
    }
    return readings.map((reading) => reading.outcome);
  }
}

type Reading = { kind: 'account'; account: Account; outcome: Outcome } | { kind: 'other'; outcome: Outcome };

function readAccount({ attributes, body }: Delivery): Reading {
  if (attributes.type !== 'billing.account.changed') {
    return { kind: 'other', outcome: { kind: 'ignored', reason: 'not_relevant' } };
  }
  const parsed = parseDomainEvent('billing.account.changed', body.toString());
  return parsed.ok
    ? { kind: 'account', account: parsed.data, outcome: { kind: 'ignored', reason: 'stale' } }
    : { kind: 'other', outcome: { kind: 'parked', reason: parsed.reason } };
}

function byUser(a: { account: Account }, b: { account: Account }): number {
  if (a.account.user_id === b.account.user_id) return a.account.version - b.account.version;
  return a.account.user_id < b.account.user_id ? -1 : 1;
}
