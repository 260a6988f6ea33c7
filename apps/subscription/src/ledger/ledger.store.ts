import { unopenedAccount } from '@billhook/billing';
import type { SubscriptionRow } from '@billhook/billing';
import type { Account } from '@billhook/contracts';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { noChanges, paymentKey, putSubscription } from './ledger.js';
import type { AccountEntry, Ledger, Payment, Rules } from './ledger.js';
import {
  lookColumns,
  names,
  overwritten,
  paymentColumns,
  rowsOf,
  selected,
  subscriptionColumns,
} from './ledger-rows.js';
import { looksOf } from './looks.js';
import type { LedgerScope } from './scope.js';
import { fromSubscriptionColumns, toSubscriptionColumns } from './subscription.entity.js';
import type { SubscriptionColumns } from './subscription.entity.js';

/**
 * A moment that was asked for already stays put off until its answer has moved it; otherwise a clock of Stripe's that runs ahead
 * may bring it forward. `given` is the table that the new look comes in.
 */
const isSameLook = (given: string) =>
  `(subscription.next_look_at, subscription.look_reason) IS NOT DISTINCT FROM (${given}.next_look_at, ${given}.look_reason)`;
const movedLook = (given: string) => `
      next_look_at = ${given}.next_look_at, look_reason = ${given}.look_reason,
      look_due_at = CASE WHEN ${isSameLook(given)} AND subscription.looks_asked > 0 THEN subscription.look_due_at
        WHEN ${isSameLook(given)} THEN least(subscription.look_due_at, ${given}.look_due_at)
        ELSE ${given}.look_due_at END,
      looks_asked = CASE WHEN ${isSameLook(given)} THEN subscription.looks_asked ELSE 0 END`;

const writtenColumns = [...subscriptionColumns, ...lookColumns];
const lookKeyColumns = [['subscription_id', 'text', 'subscriptionId'], ...lookColumns] as const;

/**
 * One statement for all that a batch has changed. Each set is a JSON array: one parameter however many rows and columns, and
 * PostgreSQL reads it faster than it plans an INSERT with two thousand parameters.
 */
const saveRows = `
  WITH changed_account AS (
    UPDATE account SET tier = given.tier, version = given.version, newest_stripe_time = given.newest_stripe_time,
      body = given.body, updated_at = now()
    FROM json_to_recordset($1::json)
         AS given (user_id text, tier smallint, version integer, newest_stripe_time timestamptz, body jsonb)
    WHERE account.user_id = given.user_id
  ), changed_subscription AS (
    INSERT INTO subscription (${names(writtenColumns)})
    SELECT * FROM ${rowsOf('$2', writtenColumns)}
    ON CONFLICT (subscription_id) DO UPDATE SET ${overwritten(subscriptionColumns, 'subscription_id')},
      updated_at = now(), ${movedLook('excluded')}
  ), moved_look AS (
    UPDATE subscription SET ${movedLook('row')}
    FROM ${rowsOf('$4', lookKeyColumns)}
    WHERE subscription.subscription_id = row.subscription_id
      AND NOT (${isSameLook('row')} AND (subscription.looks_asked > 0 OR subscription.look_due_at <= row.look_due_at))
  )
  INSERT INTO payment (${names(paymentColumns)}) SELECT * FROM ${rowsOf('$3', paymentColumns)}`;

const findSubscriptions = `SELECT ${selected(subscriptionColumns)} FROM subscription WHERE user_id = ANY($1)`;

/** Opens a ledger under its users' locks and writes back what changed. Customers are locked before, always. */
@Injectable()
export class LedgerStore {
  private readonly outbox = new Outbox();

  async open(manager: EntityManager, scope: LedgerScope, rules: Rules): Promise<Ledger> {
    const accounts = await this.lockAccounts(manager, scope, rules);
    const subscriptions = await this.findSubscriptions(manager, scope.userIds);
    const ledger: Ledger = {
      users: scope.customers.users,
      taken: scope.taken,
      learned: new Set(scope.customers.learned.map((link) => link.customerId)),
      accounts,
      subscriptions: new Map(),
      byUser: new Map(),
      payments: await this.findPayments(manager, scope.invoiceIds),
      changes: noChanges(),
    };
    for (const row of subscriptions) putSubscription(ledger, row);
    return ledger;
  }

  async save(manager: EntityManager, ledger: Ledger, rules: Rules): Promise<void> {
    const { changes } = ledger;
    const accounts = present(ledger.accounts, changes.accounts);
    const subscriptions = present(ledger.subscriptions, changes.subscriptions);
    if (accounts.length + subscriptions.length + changes.payments.length > 0) {
      const looks = looksOf(ledger, rules);
      await manager.query(saveRows, [
        JSON.stringify(accounts.map(toAccountColumns)),
        JSON.stringify(subscriptions.map((row, index) => ({ ...toSubscriptionColumns(row), ...looks.changed[index] }))),
        JSON.stringify(changes.payments),
        JSON.stringify(looks.others),
      ]);
    }
    await this.outbox.append(manager, 'subscription', changes.announcements);
  }

  private async lockAccounts(
    manager: EntityManager,
    { userIds, withAccount }: LedgerScope,
    rules: Rules,
  ): Promise<Map<string, AccountEntry>> {
    if (userIds.length === 0) return new Map();
    await this.createAccounts(
      manager,
      userIds.filter((userId) => !withAccount.has(userId)),
      rules,
    );
    const rows: { user_id: string; body: Account; newest_stripe_time: Date | null }[] = await manager.query(
      'SELECT user_id, body, newest_stripe_time FROM account WHERE user_id = ANY($1) ORDER BY user_id FOR UPDATE',
      [userIds],
    );
    return new Map(rows.map((row) => [row.user_id, { account: row.body, newestStripeTime: row.newest_stripe_time }]));
  }

  /** An account that nobody opened yet gets its row, Free and version 0, so that there is something to lock. */
  private async createAccounts(
    manager: EntityManager,
    userIds: readonly string[],
    { catalogue, now }: Rules,
  ): Promise<void> {
    if (userIds.length === 0) return;
    await manager.query(
      `INSERT INTO account (user_id, tier, version, body)
       SELECT user_id, 0, 0, body::jsonb FROM unnest($1::text[], $2::text[]) AS account (user_id, body) ORDER BY user_id
       ON CONFLICT DO NOTHING`,
      [userIds, userIds.map((userId) => JSON.stringify(unopenedAccount(userId, catalogue, now)))],
    );
  }

  private async findSubscriptions(manager: EntityManager, userIds: readonly string[]): Promise<SubscriptionRow[]> {
    if (userIds.length === 0) return [];
    const rows: SubscriptionColumns[] = await manager.query(findSubscriptions, [userIds]);
    return rows.map(fromSubscriptionColumns);
  }

  private async findPayments(manager: EntityManager, invoiceIds: readonly string[]): Promise<Set<string>> {
    if (invoiceIds.length === 0) return new Set();
    const rows: Pick<Payment, 'invoiceId' | 'outcome' | 'attempt'>[] = await manager.query(
      'SELECT invoice_id AS "invoiceId", outcome, attempt FROM payment WHERE invoice_id = ANY($1)',
      [invoiceIds],
    );
    return new Set(rows.map(paymentKey));
  }
}

function toAccountColumns({ account, newestStripeTime }: AccountEntry) {
  const { user_id, tier, version } = account;
  return { user_id, tier, version, newest_stripe_time: newestStripeTime, body: account };
}

function present<T>(all: ReadonlyMap<string, T>, keys: ReadonlySet<string>): T[] {
  return [...keys].flatMap((key) => all.get(key) ?? []);
}
