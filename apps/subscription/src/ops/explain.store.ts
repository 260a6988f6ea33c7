import { toEvidence } from '@billhook/billing';
import type { Evidence, SubscriptionRow } from '@billhook/billing';
import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { PendingFetchEntity } from '../fetch/pending-fetch.entity.js';
import { consumerName } from '../intake/consumer-name.js';
import { AccountEntity, fromAccountEntity } from '../ledger/account.entity.js';
import { CustomerEntity } from '../ledger/customer.entity.js';
import type { AccountEntry } from '../ledger/ledger.js';
import { StripeObjectStore } from '../ledger/stripe-object.store.js';
import { fromSubscriptionEntity, SubscriptionEntity } from '../ledger/subscription.entity.js';

export interface PastEvent {
  id: string;
  type: string;
  occurredAt: Date;
  recordedAt: Date;
  outcome: string | null;
  reason: string | null;
}

/** All that is known of one user. */
export interface Dossier {
  entry: AccountEntry | null;
  customerIds: string[];
  subscriptions: SubscriptionRow[];
  /** What Stripe's other objects say: of money, of changes to come. */
  evidence: Evidence;
  fetches: PendingFetchEntity[];
  events: PastEvent[];
}

const eventsShown = 20;

@Injectable()
export class ExplainStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly objects: StripeObjectStore,
  ) {}

  async find(userId: string): Promise<Dossier> {
    const { manager } = this.dataSource;
    const account = await manager.findOneBy(AccountEntity, { userId });
    const customers = await manager.findBy(CustomerEntity, { userId });
    const customerIds = customers.map((customer) => customer.customerId);
    const subscriptions = await manager.findBy(SubscriptionEntity, { userId });
    return {
      entry: account === null ? null : fromAccountEntity(account),
      customerIds,
      subscriptions: subscriptions.map(fromSubscriptionEntity),
      evidence: toEvidence((await this.objects.findOf(manager, customerIds)).map(({ object }) => object)),
      fetches: await manager.findBy(PendingFetchEntity, { customerId: In(customerIds) }),
      events: await this.findEvents(userId, customerIds),
    };
  }

  /** Newest first, those that came in before their user was known included. */
  private findEvents(userId: string, customerIds: readonly string[]): Promise<PastEvent[]> {
    return this.dataSource.query(
      `SELECT raw.event_id AS id, raw.type, raw.occurred_at AS "occurredAt", raw.recorded_at AS "recordedAt",
              inbox.outcome, inbox.reason
       FROM (SELECT event_id, type, occurred_at, recorded_at FROM raw_event WHERE customer_id = ANY($1)
             UNION
             SELECT event_id, type, occurred_at, recorded_at FROM raw_event WHERE user_id = $2) AS raw
       LEFT JOIN inbox ON inbox.consumer = $3 AND inbox.event_id = raw.event_id
       ORDER BY raw.recorded_at DESC, raw.event_id DESC
       LIMIT $4`,
      [customerIds, userId, consumerName, eventsShown],
    );
  }
}
