import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { PullRequest } from '../ledger/ledger.js';
import { PendingFetchStore } from './pending-fetch.store.js';

export interface LeasedPull extends PullRequest {
  requests: number;
  /** How often it has been leased since somebody asked last, this time included. */
  attempts: number;
}

/** Longer than Stripe may take with its retries; after it the question of a process that died is taken over. */
const leaseSeconds = 30;
const longestDelaySeconds = 300;

/** Questions that lead to subscriptions: which one a Checkout session made, which ones a user has. Leased like fetches. */
@Injectable()
export class PullStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly fetches: PendingFetchStore,
  ) {}

  /** In the transaction of the events that asked. Asking for the same again is counted, and brings forward what was put off. */
  async request(manager: EntityManager, pulls: readonly PullRequest[]): Promise<void> {
    if (pulls.length === 0) return;
    await manager.query(
      `INSERT INTO pending_pull (kind, id, cause_id)
       SELECT kind, id, cause_id FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (kind, id, cause_id) ORDER BY kind, id
       ON CONFLICT (kind, id) DO UPDATE
         SET cause_id = excluded.cause_id, requests = pending_pull.requests + 1, attempts = 0,
             due_at = CASE WHEN pending_pull.leased_until > now() THEN pending_pull.due_at
                           ELSE least(pending_pull.due_at, now()) END`,
      [pulls.map(({ kind }) => kind), pulls.map(({ id }) => id), pulls.map(({ causeId }) => causeId)],
    );
  }

  /** The one that has been due longest and that nobody else is at; null when there is none. */
  async lease(): Promise<LeasedPull | null> {
    const rows: LeasedPull[] = await this.dataSource.query(
      `WITH leased AS (
         UPDATE pending_pull SET due_at = now() + make_interval(secs => $1), attempts = attempts + 1,
           leased_until = now() + make_interval(secs => $1)
         WHERE (kind, id) = (
           SELECT kind, id FROM pending_pull WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING kind, id, cause_id AS "causeId", requests, attempts)
       SELECT * FROM leased`,
      [leaseSeconds],
    );
    return rows[0] ?? null;
  }

  /** Has the fetch worker ask about these subscriptions. Whoever asked meanwhile is answered by another look. */
  async finish({ kind, id, causeId, requests }: LeasedPull, subscriptionIds: readonly string[]): Promise<void> {
    // By Stripe's clock and not by ours, which may run ahead: whatever it answers is new enough.
    const at = new Date(0);
    const reason = 'pull';
    await inTransaction(this.dataSource, async (manager) => {
      const asked = subscriptionIds.map((subscriptionId) => ({
        subscriptionId,
        customerId: null,
        reason,
        causeId,
        at,
      }));
      await this.fetches.request(manager, asked);
      await manager.query('DELETE FROM pending_pull WHERE kind = $1 AND id = $2 AND requests = $3', [
        kind,
        id,
        requests,
      ]);
      await manager.query(
        'UPDATE pending_pull SET due_at = now(), leased_until = NULL, attempts = 0 WHERE kind = $1 AND id = $2',
        [kind, id],
      );
    });
  }

  /** Stripe did not answer: not before a while, a longer one each time, up to a half sooner by lot. */
  async postpone({ kind, id }: LeasedPull, error: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE pending_pull SET last_error = $4, leased_until = NULL,
         due_at = now() + make_interval(secs => least(2 ^ least(attempts, 20), $3) * (1 - random() / 2))
       WHERE kind = $1 AND id = $2`,
      [kind, id, longestDelaySeconds, error],
    );
  }

  /** The customers of a user that we know of. */
  async customersOf(userId: string): Promise<string[]> {
    const rows: { customer_id: string }[] = await this.dataSource.query(
      'SELECT customer_id FROM customer WHERE user_id = $1 ORDER BY customer_id',
      [userId],
    );
    return rows.map((row) => row.customer_id);
  }
}
