import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { FetchRequest } from '../ledger/ledger.js';
import { PendingFetchEntity } from './pending-fetch.entity.js';

export interface LeasedFetch {
  subscriptionId: string;
  /** Null for a subscription that nobody has heard of but by name. */
  customerId: string | null;
  causeId: string;
  requests: number;
  attempts: number;
  /** Stripe's answer cannot be older than this: the row's newest event, or the one that asked. Null when neither is known. */
  notBefore: Date | null;
  /** What the row held when the fetch began; null when there was none. */
  seenState: string | null;
}

/** Longer than Stripe may take with its retries; after it the fetch of a process that died is taken over. */
const leaseSeconds = 30;
const longestDelaySeconds = 300;

/** The subscriptions to ask Stripe about, leased one at a time, so that no two replicas ask for the same. */
@Injectable()
export class PendingFetchStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * In the transaction of the events that could not be placed. Asking for the same subscription again is counted. In a fixed
   * order: thin events come without their customer's lock, so that two replicas may ask for the same ones at once.
   */
  async request(manager: EntityManager, requests: readonly FetchRequest[]): Promise<void> {
    if (requests.length === 0) return;
    await manager.query(
      `INSERT INTO pending_fetch (subscription_id, customer_id, reason, cause_id, event_at)
       SELECT id, coalesce(asked.customer_id, subscription.customer_id), reason, cause_id, at
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
            AS asked (id, customer_id, reason, cause_id, at)
       LEFT JOIN subscription ON subscription_id = id
       ORDER BY id
       ON CONFLICT (subscription_id) DO UPDATE
         SET customer_id = coalesce(pending_fetch.customer_id, excluded.customer_id),
             reason = excluded.reason, cause_id = excluded.cause_id, requests = pending_fetch.requests + 1,
             event_at = greatest(pending_fetch.event_at, excluded.event_at)`,
      [
        requests.map((request) => request.subscriptionId),
        requests.map((request) => request.customerId),
        requests.map((request) => request.reason),
        requests.map((request) => request.causeId),
        requests.map((request) => request.at.toISOString()),
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
    const rows: LeasedFetch[] = await this.dataSource.query(
      `SELECT subscription_id AS "subscriptionId", coalesce(row.customer_id, asked.customer_id) AS "customerId",
              cause_id AS "causeId", requests, attempts,
              greatest(order_at, event_at) AS "notBefore", order_state AS "seenState"
       FROM pending_fetch AS asked LEFT JOIN subscription AS row USING (subscription_id)
       WHERE subscription_id = $1`,
      [subscriptionId],
    );
    const [fetch] = rows;
    if (fetch === undefined) throw new Error('a fetch that was leased is gone');
    return fetch;
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

  /** There is nothing to be answered, for as long as nobody asks again. */
  async drop({ subscriptionId, requests }: LeasedFetch): Promise<void> {
    await this.dataSource.query('DELETE FROM pending_fetch WHERE subscription_id = $1 AND requests = $2', [
      subscriptionId,
      requests,
    ]);
  }

  /** Stripe did not answer: not before a while, a longer one each time, but never not at all. */
  async postpone({ subscriptionId, attempts }: LeasedFetch, error: string): Promise<void> {
    const delay = Math.min(2 ** attempts, longestDelaySeconds);
    await this.dataSource.query(
      // Up to a half sooner: what failed together must not come back together.
      `UPDATE pending_fetch SET due_at = now() + make_interval(secs => $2 * (1 - random() / 2)), last_error = $3 WHERE subscription_id = $1`,
      [subscriptionId, delay, error],
    );
  }
}
