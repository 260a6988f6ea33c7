import { parseDomainEvent } from '@billhook/contracts';
import type { Account, EventData } from '@billhook/contracts';
import { createBatchProcessor, RetryRunner } from '@billhook/messaging';
import type { Delivery, Outcome, ProcessBatch, Settlement } from '@billhook/messaging';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { eventSource } from '../announcement.js';
import { TrialUseStore } from '../checkout/trial-use.store.js';
import { Erasures } from '../erasure/erasures.store.js';
import { AccountStore } from './account.store.js';
import { consumerName } from './consumer-name.js';

/**
 * Follows `billing.account.changed` into the read model, and which services have erased whom. The queue also brings the account's
 * other events.
 */
@Controller()
export class AccountConsumer {
  private readonly process: ProcessBatch;

  constructor(
    dataSource: DataSource,
    private readonly accounts: AccountStore,
    private readonly trialUses: TrialUseStore,
    private readonly erasures: Erasures,
    retries: RetryRunner,
  ) {
    this.process = createBatchProcessor({
      dataSource,
      consumer: consumerName,
      retries,
      outboxSource: eventSource,
      isOfErased: (manager, mentions) => erasures.isOfErased(manager, mentions),
      apply: (manager, deliveries) => this.apply(manager, deliveries),
    });
  }

  @EventPattern('gateway.accounts')
  handle(@Payload() batch: Delivery[]): Promise<Settlement[]> {
    return this.process(batch);
  }

  private async apply(manager: EntityManager, deliveries: Delivery[]): Promise<Outcome[]> {
    const readings = deliveries.map((delivery) => read(delivery));
    const accounts = newestOfEach(readings);
    const erased = await this.erasures.among(
      manager,
      accounts.map((account) => account.user_id),
    );
    const wanted = accounts.filter((account) => !erased.has(account.user_id));
    const kept = await this.accounts.apply(manager, wanted);
    await this.trialUses.record(
      manager,
      readings.flatMap(trialIn).filter((userId) => !erased.has(userId)),
    );
    const outcomes: Outcome[] = [];
    for (const reading of readings) outcomes.push(await this.outcomeOf(manager, reading, { kept, erased }));
    return outcomes;
  }

  private async outcomeOf(
    manager: EntityManager,
    reading: Reading,
    { kept, erased }: { kept: ReadonlySet<string>; erased: ReadonlySet<string> },
  ): Promise<Outcome> {
    switch (reading.kind) {
      case 'account':
        return accountOutcome(reading.account.user_id, kept, erased);
      case 'erasure_answer':
        return (await this.erasures.record(manager, reading.answer))
          ? applied
          : { kind: 'ignored', reason: 'erasure_known' };
      case 'other':
        return reading.outcome;
      default:
        return reading satisfies never;
    }
  }
}

const applied: Outcome = { kind: 'applied' };

type Reading =
  | { kind: 'account'; account: Account }
  | { kind: 'erasure_answer'; answer: EventData<'billing.account.erasure_completed'> }
  | { kind: 'other'; outcome: Outcome };

function read({ attributes, body }: Delivery): Reading {
  if (attributes.type === 'billing.account.erasure_completed') {
    const parsed = parseDomainEvent('billing.account.erasure_completed', body.toString());
    return parsed.ok
      ? { kind: 'erasure_answer', answer: parsed.data }
      : { kind: 'other', outcome: { kind: 'parked', reason: parsed.reason } };
  }
  if (attributes.type !== 'billing.account.changed') {
    return { kind: 'other', outcome: { kind: 'ignored', reason: 'not_relevant' } };
  }
  const parsed = parseDomainEvent('billing.account.changed', body.toString());
  return parsed.ok
    ? { kind: 'account', account: parsed.data }
    : { kind: 'other', outcome: { kind: 'parked', reason: parsed.reason } };
}

/** Whose trial an account tells of. Late ones tell too: a trial that has been is not undone by anything newer. */
function trialIn(reading: Reading): string[] {
  if (reading.kind !== 'account') return [];
  const { user_id: userId, subscription } = reading.account;
  return subscription === null || subscription.trial_end === null ? [] : [userId];
}

/** An account travels whole, so of several versions in one batch only the newest is worth writing. */
function newestOfEach(readings: readonly Reading[]): Account[] {
  const newest = new Map<string, Account>();
  for (const reading of readings) {
    if (reading.kind !== 'account') continue;
    const { account } = reading;
    const known = newest.get(account.user_id);
    if (known === undefined || known.version <= account.version) newest.set(account.user_id, account);
  }
  return [...newest.values()];
}

/** A version that a newer one of its batch replaced has done its part with it. */
function accountOutcome(userId: string, kept: ReadonlySet<string>, erased: ReadonlySet<string>): Outcome {
  if (erased.has(userId)) return { kind: 'ignored', reason: 'erased' };
  return kept.has(userId) ? applied : { kind: 'ignored', reason: 'stale' };
}
