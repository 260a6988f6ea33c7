import type { Account } from '@billhook/contracts';
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
    const rows: { body: Account | null; change: PendingRow | null }[] = await this.dataSource.query(
      `SELECT a.body, CASE WHEN p.user_id IS NULL THEN NULL ELSE to_jsonb(p) END AS change
       FROM (SELECT $1::text AS user_id) AS asked
       LEFT JOIN account a USING (user_id) LEFT JOIN pending_change p USING (user_id)`,
      [userId],
    );
    const { body = null, change = null } = rows[0] ?? {};
    return { account: body, change: change && toPendingChange(change) };
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

  async savePending(manager: EntityManager, userId: string, change: PendingChange): Promise<void> {
    await manager.query(
      `INSERT INTO pending_change (user_id, kind, subscription_id, ends_at, requested_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id) DO UPDATE SET kind = excluded.kind, subscription_id = excluded.subscription_id,
         ends_at = excluded.ends_at, requested_at = excluded.requested_at`,
      [userId, change.kind, change.subscriptionId, change.endsAt, change.requestedAt],
    );
  }
}

interface PendingRow {
  kind: PendingChange['kind'];
  subscription_id: string;
  ends_at: string | null;
  requested_at: string;
}

function toPendingChange(row: PendingRow): PendingChange {
  return {
    kind: row.kind,
    subscriptionId: row.subscription_id,
    endsAt: row.ends_at === null ? null : new Date(row.ends_at),
    requestedAt: new Date(row.requested_at),
  };
}
