import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { PendingFetchStore } from '../fetch/pending-fetch.store.js';
import { lookColumns, rowsOf, selected, subscriptionColumns } from '../ledger/ledger-rows.js';
import type { Rules } from '../ledger/ledger.js';
import { fromSubscriptionColumns } from '../ledger/subscription.entity.js';
import type { SubscriptionColumns } from '../ledger/subscription.entity.js';
import { takeLook } from './due-look.js';
import type { DueRow, TakenLook } from './due-look.js';

/** As many as a batch has events: whoever is due beyond them comes with the next page. */
const pageSize = 100;
/**
 * Ten seconds of the default budget, or twenty where all are past due; and more than is asked between two looks here. Whoever is due
 * beyond them waits in its row.
 */
const mostWaiting = 200;
/** A batch may hold what a page asks for; the page comes again. */
const lockTimeout = "SET LOCAL lock_timeout = '300ms'";

/** The subscription's row is locked, so that nobody else takes the same look, and the account's is only read. */
const findDue = `
  SELECT ${selected(subscriptionColumns)}, newest_stripe_time AS "newestStripeTime", looks_asked AS "asked"
  FROM (SELECT * FROM subscription WHERE look_due_at <= $1 ORDER BY look_due_at LIMIT ${pageSize}
        FOR UPDATE SKIP LOCKED) AS due
  JOIN (SELECT user_id, newest_stripe_time FROM account) AS account USING (user_id)`;

const writtenColumns = [
  ['subscription_id', 'text', 'subscriptionId'],
  ...lookColumns,
  ['asked', 'integer', 'asked'],
] as const;

const putOff = `
  UPDATE subscription SET next_look_at = row.next_look_at, look_reason = row.look_reason, look_due_at = row.look_due_at,
    looks_asked = row.asked
  FROM ${rowsOf('$1', writtenColumns)} WHERE subscription.subscription_id = row.subscription_id`;

export interface PageOfLooks {
  /** About how many subscriptions Stripe is asked now. */
  asked: number;
  /** Whether more may be due. */
  isFull: boolean;
}

/** Turns the looks that are due into questions for Stripe, any number of replicas at once. */
@Injectable()
export class DueLooks {
  constructor(
    private readonly dataSource: DataSource,
    private readonly fetches: PendingFetchStore,
  ) {}

  /** One page in one transaction: that it was asked, and what is asked, are kept together or not at all. */
  takePage(rules: Rules): Promise<PageOfLooks> {
    return inTransaction(this.dataSource, async (manager) => {
      await manager.query(lockTimeout);
      if (await this.fetches.isBehind(manager, mostWaiting)) return { asked: 0, isFull: false };
      const due = await this.find(manager, rules.now);
      const taken = due.map((row) => takeLook(row, rules));
      await this.save(manager, taken);
      return { asked: taken.filter(({ request }) => request !== null).length, isFull: due.length === pageSize };
    });
  }

  private async find(manager: EntityManager, now: Date): Promise<DueRow[]> {
    const rows: (SubscriptionColumns & Omit<DueRow, 'row'>)[] = await manager.query(findDue, [now]);
    return rows.map(({ newestStripeTime, asked, ...columns }) => {
      return { row: fromSubscriptionColumns(columns), newestStripeTime, asked };
    });
  }

  private async save(manager: EntityManager, taken: readonly TakenLook[]): Promise<void> {
    if (taken.length === 0) return;
    await manager.query(putOff, [JSON.stringify(taken.map(({ look }) => look))]);
    await this.fetches.request(
      manager,
      taken.flatMap(({ request }) => request ?? []),
    );
  }
}
