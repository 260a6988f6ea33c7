import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { FetchRequest } from '../ledger/ledger.js';
import { PendingFetchEntity } from './pending-fetch.entity.js';

/** What the answer of Stripe's is to be placed by. */
export interface FetchQuestion {
  subscriptionId: string;
  /** Null for a subscription that nobody has heard of but by name. */
  customerId: string | null;
  causeId: string;
  requests: number;
  /** Stripe's answer cannot be older than this: the row's newest event, or the one that asked. Null when neither is known. */
  notBefore: Date | null;
  /** What the row held when the fetch began; null when there was none. */
  seenState: string | null;
}

export interface LeasedFetch extends FetchQuestion {
  /** The row's; null when there is none. */
  seenStatus: string | null;
  isBackground: boolean;
}

/**
 * After it the fetch of a process that died is taken over. Stripe takes longer in a storm of 429s only, where a subscription and its
 * invoices are asked for one after the other: then somebody else asks too, and one of the answers is not used.
 */
const leaseSeconds = 30;

/** Why a question was put off whose subscription we hold and Stripe does not know. */
export const unknownAtStripe = 'no_such_subscription';

/** How long it is before the same is asked again, at most. */
const longestPauseSeconds = {
  /** Stripe was not there, and may be again at any moment. */
  unavailable: 300,
  /** It will say the same until somebody updates this service. */
  unreadable: 3_600,
  /** It will say the same until somebody changes its key, or puts its data back. */
  unknownAtStripe: 86_400,
} as const;

export type PostponedBy = keyof typeof longestPauseSeconds;

const oldestDue = (background: string) => `
  (SELECT subscription_id FROM pending_fetch WHERE ${background} AND due_at <= now()
   ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)`;

/** The subscriptions to ask Stripe about, leased one at a time, so that no two replicas ask for the same. */
@Injectable()
export class PendingFetchStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * In the transaction of the events that could not be placed. Asking for the same subscription again is counted, and brings
   * forward what was put off if somebody waits for it now. In a fixed order: thin events come without their customer's lock, so
   * that two replicas may ask for the same ones at once.
   */
  async request(manager: EntityManager, requests: readonly FetchRequest[]): Promise<void> {
    if (requests.length === 0) return;
    await manager.query(
      `INSERT INTO pending_fetch (subscription_id, customer_id, reason, cause_id, event_at, is_background, due_at)
       SELECT id, coalesce(asked.customer_id, subscription.customer_id), reason, cause_id, at, after_seconds IS NOT NULL,
              now() + make_interval(secs => coalesce(after_seconds, 0))
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::float8[])
            AS asked (id, customer_id, reason, cause_id, at, after_seconds)
       LEFT JOIN subscription ON subscription_id = id
       ORDER BY id
       ON CONFLICT (subscription_id) DO UPDATE
         SET customer_id = coalesce(pending_fetch.customer_id, excluded.customer_id),
             reason = excluded.reason, cause_id = excluded.cause_id, requests = pending_fetch.requests + 1,
             event_at = greatest(pending_fetch.event_at, excluded.event_at),
             is_background = pending_fetch.is_background AND excluded.is_background,
             attempts = CASE WHEN excluded.is_background THEN pending_fetch.attempts ELSE 0 END,
             due_at = CASE WHEN excluded.is_background OR pending_fetch.leased_until > now() THEN pending_fetch.due_at
                           ELSE least(pending_fetch.due_at, now()) END`,
      [
        requests.map((request) => request.subscriptionId),
        requests.map((request) => request.customerId),
        requests.map((request) => request.reason),
        requests.map((request) => request.causeId),
        requests.map((request) => request.at.toISOString()),
        requests.map((request) => request.background?.afterSeconds ?? null),
      ],
    );
  }

  /**
   * The fetch that has been due longest and that nobody else is at; null when there is none. One that nobody waits for only where
   * no other is due, and only if wanted.
   */
  async lease({ background }: { background: boolean }): Promise<LeasedFetch | null> {
    const rows: { subscription_id: string }[] = await this.dataSource.query(
      `WITH leased AS (
         UPDATE pending_fetch SET due_at = now() + make_interval(secs => $1), attempts = attempts + 1,
           leased_until = now() + make_interval(secs => $1)
         WHERE subscription_id = coalesce(${oldestDue('NOT is_background')},
                                          CASE WHEN $2 THEN ${oldestDue('is_background')} END)
         RETURNING subscription_id)
       SELECT subscription_id FROM leased`,
      [leaseSeconds, background],
    );
    const subscriptionId = rows[0]?.subscription_id;
    return subscriptionId === undefined ? null : this.describe(subscriptionId);
  }

  private async describe(subscriptionId: string): Promise<LeasedFetch> {
    const rows: LeasedFetch[] = await this.dataSource.query(
      `SELECT subscription_id AS "subscriptionId", coalesce(row.customer_id, asked.customer_id) AS "customerId",
              cause_id AS "causeId", requests, is_background AS "isBackground",
              greatest(order_at, event_at) AS "notBefore", order_state AS "seenState", status AS "seenStatus"
       FROM pending_fetch AS asked LEFT JOIN subscription AS row USING (subscription_id)
       WHERE subscription_id = $1`,
      [subscriptionId],
    );
    const [fetch] = rows;
    if (fetch === undefined) throw new Error('a fetch that was leased is gone');
    return fetch;
  }

  /** Whether so many that nobody waits for are due already: asked for more, they would only wait here instead of there. */
  async isBehind(manager: EntityManager, count: number): Promise<boolean> {
    const rows: { due: number }[] = await manager.query(
      `SELECT count(*)::int AS due
       FROM (SELECT FROM pending_fetch WHERE is_background AND due_at <= now() LIMIT $1) AS due`,
      [count],
    );
    return (rows[0]?.due ?? 0) >= count;
  }

  /** In the transaction of the effect. Whoever asked while the fetch was under way is answered by another one, at once. */
  async finish(manager: EntityManager, { subscriptionId, requests }: FetchQuestion): Promise<void> {
    await manager.delete(PendingFetchEntity, { subscriptionId, requests });
    await this.askAgain(manager, subscriptionId);
  }

  async askAgain(manager: EntityManager, subscriptionId: string): Promise<void> {
    await manager.query(
      'UPDATE pending_fetch SET due_at = now(), leased_until = NULL, attempts = 0 WHERE subscription_id = $1',
      [subscriptionId],
    );
  }

  /** There is nothing to be answered, for as long as nobody asks again. */
  drop(fetch: LeasedFetch): Promise<void> {
    return this.finish(this.dataSource.manager, fetch);
  }

  /** Events have told of these subscriptions: Stripe may know by now what it did not when it was asked. */
  async bringForward(manager: EntityManager, subscriptionIds: readonly string[]): Promise<void> {
    if (subscriptionIds.length === 0) return;
    await manager.query(
      `UPDATE pending_fetch SET due_at = now(), attempts = 0
       WHERE subscription_id = ANY($1) AND last_error = $2 AND leased_until IS NULL`,
      [subscriptionIds, unknownAtStripe],
    );
  }

  /**
   * There was no answer, or none that settles anything: not before a while, doubled each time up to the longest, but never not at
   * all. Whoever asks meanwhile starts that anew, while the question is under way too.
   */
  async postpone({ subscriptionId }: LeasedFetch, error: string, by: PostponedBy = 'unavailable'): Promise<void> {
    await this.dataSource.query(
      // Up to a half sooner: what failed together must not come back together.
      `UPDATE pending_fetch SET last_error = $2, leased_until = NULL,
         due_at = now() + make_interval(secs => least(2 ^ least(attempts, 20), $3) * (1 - random() / 2))
       WHERE subscription_id = $1`,
      [subscriptionId, error, longestPauseSeconds[by]],
    );
  }
}
