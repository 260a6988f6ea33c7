import { toSubscriptionSnapshot } from '@billhook/billing';
import type { Decision, FetchedSubscription, SubscriptionSnapshot } from '@billhook/billing';
import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { CustomerStore } from '../ledger/customer.store.js';
import type { Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { settleSubscription } from '../ledger/settle.js';
import { PendingFetchStore } from './pending-fetch.store.js';
import type { LeasedFetch } from './pending-fetch.store.js';
import type { FetchedObject } from './subscription.client.js';

export type FetchOutcome = { kind: Decision['kind'] } | { kind: 'unreadable'; path: string };

/** Decides again with what Stripe answered, under the same locks and by the same rules as an event. */
@Injectable()
export class FetchApplier {
  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomerStore,
    private readonly ledgers: LedgerStore,
    private readonly pending: PendingFetchStore,
  ) {}

  async apply(fetch: LeasedFetch, answer: FetchedObject, rules: Rules): Promise<FetchOutcome> {
    const reading = toSubscriptionSnapshot(answer.object);
    if (!reading.ok) return { kind: 'unreadable', path: reading.path };
    const event = toEvent(fetch, reading.value, answer.answeredAt);
    return inTransaction(this.dataSource, (manager) => this.settle(manager, fetch, event, rules));
  }

  private async settle(
    manager: EntityManager,
    fetch: LeasedFetch,
    event: FetchedSubscription,
    rules: Rules,
  ): Promise<FetchOutcome> {
    const users = await this.customers.lock(manager, [fetch.customerId]);
    const userId = users.get(fetch.customerId);
    if (userId === undefined) throw new Error('a subscription is kept only once its user is known');
    const scope = { customers: { users, learned: [] }, userIds: [userId], invoiceIds: [] };
    const ledger = await this.ledgers.open(manager, scope, rules);
    const cause = { id: fetch.causeId, effect: randomUUID(), at: event.at };
    const { kind } = settleSubscription(ledger, { userId, event }, cause, rules);
    await this.ledgers.save(manager, ledger);
    if (kind === 'needsFetch') await this.pending.askAgain(manager, fetch.subscriptionId);
    else await this.pending.finish(manager, fetch);
    return { kind };
  }
}

/** A clock of Stripe's that runs behind its own events (a test clock's do) must not make the answer older than them. */
function toEvent({ seen }: LeasedFetch, snapshot: SubscriptionSnapshot, answeredAt: Date | null): FetchedSubscription {
  const at = answeredAt !== null && answeredAt > seen.at ? answeredAt : seen.at;
  return { kind: 'fetched', type: 'fetched', at, snapshot, seen: seen.state };
}
