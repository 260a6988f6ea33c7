import { unopenedAccount } from '@billhook/billing';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { fromAccountEntity } from './account.entity.js';
import type { AccountEntity } from './account.entity.js';
import { fromStored } from './kept-object.js';
import type { StoredObject } from './kept-object.js';
import { noChanges, paymentKey, putSubscription } from './ledger.js';
import type { AccountEntry, Ledger, Payment, Rules } from './ledger.js';
import {
  lookColumns,
  names,
  noneBut,
  overwritten,
  paymentColumns,
  rowsOf,
  selected,
  subscriptionColumns,
} from './ledger-rows.js';
import { looksOf } from './looks.js';
import { noObjects, putObject, saveObject } from './objects.js';
import type { LedgerScope } from './scope.js';
import { objectAsJson, StripeObjectStore } from './stripe-object.store.js';
import { noteTimesOfObjects } from './stripe-time.js';
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
      duplicates_told = given.duplicates_told,
      body = given.body, updated_at = now()
    FROM json_to_recordset($1::json)
         AS given (user_id text, tier smallint, version integer, newest_stripe_time timestamptz,
           duplicates_told text[], body jsonb)
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

/** Both in one: what Stripe's objects say of a user is wanted whenever the subscriptions are. */
const findSubscriptionsAndObjects = `
  SELECT ${selected(subscriptionColumns)}, NULL::json AS objects FROM subscription WHERE user_id = ANY($1)
  UNION ALL
  SELECT ${noneBut('user_id', subscriptionColumns)}, json_agg(${objectAsJson})
  FROM customer JOIN stripe_object USING (customer_id) WHERE user_id = ANY($1) GROUP BY user_id`;

type Found = (SubscriptionColumns & { objects: null }) | { userId: string; objects: StoredObject[] };

/** Opens a ledger under its users' locks and writes back what changed. Customers are locked before, always. */
@Injectable()
export class LedgerStore {
  private readonly outbox = new Outbox();

  constructor(private readonly objects: StripeObjectStore) {}

  async open(manager: EntityManager, scope: LedgerScope, rules: Rules): Promise<Ledger> {
    const accounts = await this.lockAccounts(manager, scope, rules);
    const found = await this.findSubscriptionsAndObjects(manager, scope.userIds);
    const ledger: Ledger = {
      users: scope.customers.users,
      taken: scope.taken,
      learned: new Set(scope.customers.learned.map((link) => link.customerId)),
      accounts,
      subscriptions: new Map(),
      byUser: new Map(),
      payments: await this.findPayments(manager, scope.invoiceIds),
      objects: noObjects(),
      changes: noChanges(),
    };
    for (const kept of scope.objects.found) putObject(ledger.objects, kept, undefined);
    for (const row of found) fill(ledger, row);
    for (const kept of scope.objects.adopted) saveObject(ledger, kept);
    noteTimesOfObjects(ledger, usersThatGained(ledger, scope));
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
    await this.objects.save(manager, present(ledger.objects.byKey, changes.objects));
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
    const rows: Pick<AccountEntity, 'userId' | 'body' | 'newestStripeTime' | 'duplicatesTold'>[] = await manager.query(
      `SELECT user_id AS "userId", body, newest_stripe_time AS "newestStripeTime", duplicates_told AS "duplicatesTold"
       FROM account WHERE user_id = ANY($1) ORDER BY user_id FOR UPDATE`,
      [userIds],
    );
    return new Map(rows.map((row) => [row.userId, fromAccountEntity(row)]));
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

  private async findSubscriptionsAndObjects(manager: EntityManager, userIds: readonly string[]): Promise<Found[]> {
    if (userIds.length === 0) return [];
    return manager.query(findSubscriptionsAndObjects, [userIds]);
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

/** Users whose customer has just become known as theirs, or whose customer has an object more. */
function usersThatGained({ users }: Ledger, { customers, objects }: LedgerScope): ReadonlySet<string> {
  const adopters = objects.adopted.flatMap(({ object }) => users.get(object.customerId ?? '') ?? []);
  return new Set([...customers.learned.map(({ userId }) => userId), ...adopters]);
}

function fill(ledger: Ledger, found: Found): void {
  if (found.objects === null) return putSubscription(ledger, fromSubscriptionColumns(found));
  for (const stored of found.objects) putObject(ledger.objects, fromStored(stored), found.userId);
}

function toAccountColumns({ account, newestStripeTime, duplicatesTold }: AccountEntry) {
  const { user_id, tier, version } = account;
  return {
    user_id,
    tier,
    version,
    newest_stripe_time: newestStripeTime,
    duplicates_told: duplicatesTold,
    body: account,
  };
}

function present<T>(all: ReadonlyMap<string, T>, keys: ReadonlySet<string>): T[] {
  return [...keys].flatMap((key) => all.get(key) ?? []);
}
