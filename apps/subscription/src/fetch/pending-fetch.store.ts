import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { FetchRequest } from '../ledger/ledger.js';
import { SubscriptionEntity } from '../ledger/subscription.entity.js';
import { PendingFetchEntity } from './pending-fetch.entity.js';

export interface LeasedFetch {
  subscriptionId: string;
  customerId: string;
  causeId: string;
  requests: number;
  attempts: number;
  /** What the row held when the fetch began: Stripe's answer cannot be older than this. */
  seen: { at: Date; state: string };
}

/** Longer than Stripe may take with its retries; after it the fetch of a process that died is taken over. */
const leaseSeconds = 30;
const longestDelaySeconds = 300;

/** The subscriptions to ask Stripe about, leased one at a time, so that no two replicas ask for the same. */
@Injectable()
export class PendingFetchStore {
  constructor(private readonly dataSource: DataSource) {}

  /** In the transaction of the events that could not be placed. Asking for the same subscription again is counted. */
  async request(manager: EntityManager, requests: readonly FetchRequest[]): Promise<void> {
    if (requests.length === 0) return;
    await manager.query(
      `INSERT INTO pending_fetch (subscription_id, customer_id, reason, cause_id)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
       ON CONFLICT (subscription_id) DO UPDATE
         SET reason = excluded.reason, cause_id = excluded.cause_id, requests = pending_fetch.requests + 1`,
      [
        requests.map((request) => request.subscriptionId),
        requests.map((request) => request.customerId),
        requests.map((request) => request.reason),
        requests.map((request) => request.causeId),
      ],
    );
  }

  /** The fetch that has been due longest and that nobody else is at; null when there is none. */
  async lease(): Promise<LeasedFetch | null> {
    const rows: { subscription_id: string }[] = await this.dataSource.query(
      `WITH leased AS (
         UPDATE pending_fetch SET due_at = now() + make_interval(secs => $1), attempts = attempts + 1
         WHERE subscription_id = (
           SELECT subscription_id FROM pending_fetch WHERE due_at <= now()
           ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING subscription_id)
       SELECT subscription_id FROM leased`,
      [leaseSeconds],
    );
    const subscriptionId = rows[0]?.subscription_id;
    return subscriptionId === undefined ? null : this.describe(subscriptionId);
  }

  private async describe(subscriptionId: string): Promise<LeasedFetch> {
    const { manager } = this.dataSource;
    const pending = await manager.findOneByOrFail(PendingFetchEntity, { subscriptionId });
    const row = await manager.findOneByOrFail(SubscriptionEntity, { subscriptionId });
    const { customerId, causeId, requests, attempts } = pending;
    return {
      subscriptionId,
      customerId,
      causeId,
      requests,
      attempts,
      seen: { at: row.orderAt, state: row.orderState },
    };
  }

  /** In the transaction of the effect. Whoever asked while the fetch was under way is answered by another one, at once. */
  async finish(manager: EntityManager, { subscriptionId, requests }: LeasedFetch): Promise<void> {
    await manager.delete(PendingFetchEntity, { subscriptionId, requests });
    await this.askAgain(manager, subscriptionId);
  }

  async askAgain(manager: EntityManager, subscriptionId: string): Promise<void> {
    await manager.query('UPDATE pending_fetch SET due_at = now(), attempts = 0 WHERE subscription_id = $1', [
      subscriptionId,
    ]);
  }

  /** Stripe did not answer: not before a while, a longer one each time, but never not at all. */
  async postpone({ subscriptionId, attempts }: LeasedFetch, error: string): Promise<void> {
    const delay = Math.min(2 ** attempts, longestDelaySeconds);
    await this.dataSource.query(
      `UPDATE pending_fetch SET due_at = now() + make_interval(secs => $2), last_error = $3 WHERE subscription_id = $1`,
      [subscriptionId, delay, error],
    );
  }
}
