import type { Account, BillingCycle, Tier } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { PendingChange } from './pending.js';

/** Notified in the transaction that changes an account, with the user's id. */
export const accountChannel = 'account_changed';

/** The gateway's own copy of every account, as `billing.account.changed` carries it. */
@Injectable()
export class AccountStore {
  constructor(private readonly dataSource: DataSource) {}

  async find(userId: string): Promise<Account | null> {
    const rows: { body: Account }[] = await this.dataSource.query('SELECT body FROM account WHERE user_id = $1', [
      userId,
    ]);
    return rows[0]?.body ?? null;
  }

  /** The account and the change of ours that its events may not have caught up with, in one statement. */
  async findWithPending(userId: string): Promise<{ account: Account | null; change: PendingChange | null }> {
    const [found] = await this.findAllWithPending([userId]);
    return found ?? { account: null, change: null };
  }

  /** The same of several users: a row for each. */
  async findAllWithPending(userIds: readonly string[]): Promise<FoundAccount[]> {
    const rows: { user_id: string; body: Account | null; change: PendingRow | null; is_erased: boolean }[] =
      await this.dataSource.query(
        `SELECT asked.user_id, a.body, CASE WHEN p.user_id IS NULL THEN NULL ELSE to_jsonb(p) END AS change,
              EXISTS (SELECT FROM erasure AS e WHERE e.user_id = asked.user_id) AS is_erased
       FROM unnest($1::text[]) AS asked(user_id)
       LEFT JOIN account a USING (user_id) LEFT JOIN pending_change p USING (user_id)`,
        [userIds],
      );
    return rows.map(({ user_id: userId, body, change, is_erased: isErased }) => ({
      userId,
      account: body,
      change: change && toPendingChange(change),
      isErased,
    }));
  }

  /**
   * Keeps each account, one per user, if it is at least as new as what is there: an older one is late, an equal one repairs.
   * In the order of user ids, so that two replicas cannot wait for each other's rows. Wakes every replica at commit. Answers
   * the users whose account was kept.
   */
  async apply(manager: EntityManager, accounts: readonly Account[]): Promise<Set<string>> {
    if (accounts.length === 0) return new Set();
    const kept: { user_id: string }[] = await manager.query(
      `INSERT INTO account (user_id, version, body)
       SELECT body->>'user_id', (body->>'version')::bigint, body FROM jsonb_array_elements($1::jsonb) AS body
       ORDER BY body->>'user_id'
       ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, body = excluded.body, updated_at = now()
       WHERE account.version <= excluded.version
       RETURNING user_id, pg_notify($2, user_id)`,
      [JSON.stringify(accounts), accountChannel],
    );
    return new Set(kept.map((row) => row.user_id));
  }

  /** Keeps it in place of an earlier one, and wakes every replica at commit, so that the user's other tabs show it too. */
  async savePending(manager: EntityManager, userId: string, change: PendingChange): Promise<void> {
    await manager.query(
      `INSERT INTO pending_change (user_id, kind, subscription_id, tier, billing_cycle, ends_at, requested_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (user_id) DO UPDATE SET kind = excluded.kind, subscription_id = excluded.subscription_id,
         tier = excluded.tier, billing_cycle = excluded.billing_cycle, ends_at = excluded.ends_at,
         requested_at = excluded.requested_at
       RETURNING pg_notify($8, user_id)`,
      [
        userId,
        change.kind,
        change.subscriptionId,
        change.plan?.tier ?? null,
        change.plan?.billingCycle ?? null,
        change.endsAt,
        change.requestedAt,
        accountChannel,
      ],
    );
  }
}

/** Null where nothing was ever heard, or asked for. */
export interface FoundAccount {
  userId: string;
  account: Account | null;
  change: PendingChange | null;
  isErased: boolean;
}

interface PendingRow {
  kind: PendingChange['kind'];
  subscription_id: string;
  tier: Tier | null;
  billing_cycle: BillingCycle | null;
  ends_at: string | null;
  requested_at: string;
}

function toPendingChange(row: PendingRow): PendingChange {
  const { tier, billing_cycle: billingCycle } = row;
  return {
    kind: row.kind,
    subscriptionId: row.subscription_id,
    plan: tier === null || billingCycle === null ? null : { tier, billingCycle },
    endsAt: row.ends_at === null ? null : new Date(row.ends_at),
    requestedAt: new Date(row.requested_at),
  };
}
