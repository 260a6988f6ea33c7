import { plansOf } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { PendingFetchStore } from '../fetch/pending-fetch.store.js';
import type { FetchRequest, Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { reconsider } from '../ledger/reconsider.js';
import { chunkSize, walk } from './chunks.js';
import type { Chunk } from './chunks.js';

/** Of the default budget of requests (20 a second), half: the other half is for what is due meanwhile. */
const askedPerSecond = 10;
/** Accounts that are locked together. */
const mostLocked = 100;

interface StaleSubscription {
  subscriptionId: string;
  customerId: string;
  /** ISO 8601. */
  orderAt: string;
}

/**
 * The subscriptions of a chunk whose price means something else by now, or that hold a better plan than the one they count as. The
 * state that a row was made of is kept as text with every item's price in it, the row names only the one that decided.
 */
const staleSubscriptions = `
  WITH chunk AS (
    SELECT * FROM subscription WHERE subscription_id > $1 ORDER BY subscription_id LIMIT ${chunkSize}),
  meaning AS (
    SELECT * FROM unnest($2::text[], $3::smallint[], $4::text[]) AS given (price_id, tier, billing_cycle)),
  stale AS (
    SELECT subscription_id AS "subscriptionId", customer_id AS "customerId", order_at AS "orderAt"
    FROM chunk LEFT JOIN meaning USING (price_id)
    WHERE status NOT IN ('canceled', 'incomplete_expired')
      AND (meaning.tier IS NOT NULL
             AND (chunk.tier, chunk.billing_cycle) IS DISTINCT FROM (meaning.tier, meaning.billing_cycle)
           OR EXISTS (SELECT FROM meaning AS better WHERE better.tier > coalesce(chunk.tier, 0)
                        AND position('"' || better.price_id || '"' IN order_state) > 0))
    ORDER BY subscription_id)
  SELECT (SELECT max(subscription_id) FROM chunk) AS last, coalesce(json_agg(stale), '[]') AS found FROM stale`;

/** The users of a chunk whose account allows something else than their tier's plan does. */
const staleAccounts = `
  WITH chunk AS (SELECT user_id, tier, body FROM account WHERE user_id > $1 ORDER BY user_id LIMIT ${chunkSize}),
  stale AS (
    SELECT user_id FROM chunk JOIN unnest($2::smallint[], $3::text[]) AS plan (tier, entitlements) USING (tier)
    WHERE body->'entitlements' IS DISTINCT FROM entitlements::jsonb
    ORDER BY user_id)
  SELECT (SELECT max(user_id) FROM chunk) AS last, coalesce(json_agg(user_id), '[]') AS found FROM stale`;

/**
 * Brings what is stored up to a catalogue that is not what it was: a legacy price was added, a lookup key was resolved after its
 * first events had come, what a plan allows was changed. Harmless to repeat, and on several replicas at once.
 */
@Injectable()
export class PlanChanges {
  constructor(
    private readonly dataSource: DataSource,
    private readonly ledgers: LedgerStore,
    private readonly fetches: PendingFetchStore,
  ) {}

  /**
   * Asks Stripe about each subscription whose price means something else by now: its answer is decided upon like any other, under
   * the customer's lock. How many.
   */
  async askAgain({ meanings }: PlanCatalogue): Promise<number> {
    const causeId = `catalogue/${randomUUID()}`;
    const given = [
      [...meanings.keys()],
      [...meanings.values()].map(({ tier }) => tier),
      [...meanings.values()].map(({ billingCycle }) => billingCycle),
    ];
    const find = (after: string) => this.chunk<StaleSubscription>(staleSubscriptions, [after, ...given]);
    return walk(find, (found, before) => {
      const requests = found.map((row, index) => toRequest(row, causeId, (before + index) / askedPerSecond));
      return this.fetches.request(this.dataSource.manager, requests);
    });
  }

  /** Considers each account again that allows something else than its plan does. How many. */
  reconsider(rules: Rules): Promise<number> {
    const plans = plansOf(rules.catalogue);
    const given = [plans.map(({ tier }) => tier), plans.map(({ entitlements }) => JSON.stringify(entitlements))];
    const find = (after: string) => this.chunk<string>(staleAccounts, [after, ...given]);
    return walk(find, async (userIds) => {
      for (let from = 0; from < userIds.length; from += mostLocked) {
        await this.reconsiderSome(userIds.slice(from, from + mostLocked), rules);
      }
    });
  }

  private reconsiderSome(userIds: string[], rules: Rules): Promise<void> {
    const cause = { id: `catalogue/${randomUUID()}`, at: rules.now };
    const scope = {
      customers: { users: new Map<string, string>(), learned: [] },
      withAccount: new Set(userIds),
      userIds,
      invoiceIds: [],
      objects: { found: [], adopted: [] },
      taken: new Set<string>(),
    };
    // The clock alone takes no tier: what is to be decided by the time that has passed is asked of Stripe first.
    const atStripesTime = { ...rules, now: new Date(0) };
    return inTransaction(this.dataSource, async (manager) => {
      const ledger = await this.ledgers.open(manager, scope, rules);
      for (const userId of userIds) reconsider(ledger, userId, cause, atStripesTime);
      await this.ledgers.save(manager, ledger, rules);
    });
  }

  private async chunk<T>(statement: string, parameters: unknown[]): Promise<Chunk<T>> {
    const chunks: Chunk<T>[] = await this.dataSource.query(statement, parameters);
    return chunks[0] ?? { last: null, found: [] };
  }
}

function toRequest(
  { subscriptionId, customerId, orderAt }: StaleSubscription,
  causeId: string,
  afterSeconds: number,
): FetchRequest {
  const at = new Date(orderAt);
  return { subscriptionId, customerId, reason: 'catalogue_changed', causeId, at, background: { afterSeconds } };
}
