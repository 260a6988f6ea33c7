import { unopenedAccount } from '@billhook/billing';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AccountEntity, fromAccountEntity, toAccountColumns } from './account.entity.js';
import type { Customers } from './customers.js';
import { noChanges, paymentKey } from './ledger.js';
import type { AccountEntry, Ledger, Payment, Rules } from './ledger.js';
import { PaymentEntity } from './payment.entity.js';
import { fromSubscriptionEntity, SubscriptionEntity, toSubscriptionColumns } from './subscription.entity.js';

export interface LedgerScope {
  customers: Customers;
  userIds: readonly string[];
  invoiceIds: readonly string[];
}

/** Opens a ledger under its users' locks and writes back what changed. Customers are locked before, always. */
@Injectable()
export class LedgerStore {
  private readonly outbox = new Outbox();

  async open(manager: EntityManager, scope: LedgerScope, rules: Rules): Promise<Ledger> {
    const accounts = await this.lockAccounts(manager, scope.userIds, rules);
    const subscriptions = await manager.findBy(SubscriptionEntity, { userId: In(scope.userIds) });
    const payments = await this.findPayments(manager, scope.invoiceIds);
    return {
      users: scope.customers.users,
      learned: new Set(scope.customers.learned.map((link) => link.customerId)),
      accounts,
      subscriptions: new Map(subscriptions.map((entity) => [entity.subscriptionId, fromSubscriptionEntity(entity)])),
      payments: new Map(payments.map((payment) => [paymentKey(payment), payment])),
      changes: noChanges(),
    };
  }

  async save(manager: EntityManager, ledger: Ledger): Promise<void> {
    const { changes } = ledger;
    const accounts = present(ledger.accounts, changes.accounts).map(toAccountColumns);
    const subscriptions = present(ledger.subscriptions, changes.subscriptions).map(toSubscriptionColumns);
    const payments = present(ledger.payments, changes.payments);
    if (accounts.length > 0) await manager.upsert(AccountEntity, accounts, ['userId']);
    if (subscriptions.length > 0) await manager.upsert(SubscriptionEntity, subscriptions, ['subscriptionId']);
    if (payments.length > 0) await manager.insert(PaymentEntity, payments);
    await this.outbox.append(manager, 'subscription', changes.announcements);
  }

  /** An account that nobody opened yet gets its row, Free and version 0, so that there is something to lock. */
  private async lockAccounts(
    manager: EntityManager,
    userIds: readonly string[],
    { catalogue, now }: Rules,
  ): Promise<Map<string, AccountEntry>> {
    if (userIds.length === 0) return new Map();
    await manager.query(
      `INSERT INTO account (user_id, tier, version, body)
       SELECT user_id, 0, 0, body::jsonb FROM unnest($1::text[], $2::text[]) AS account (user_id, body) ORDER BY user_id
       ON CONFLICT DO NOTHING`,
      [userIds, userIds.map((userId) => JSON.stringify(unopenedAccount(userId, catalogue, now)))],
    );
    const entities = await manager.find(AccountEntity, {
      where: { userId: In(userIds) },
      order: { userId: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    return new Map(entities.map((entity) => [entity.userId, fromAccountEntity(entity)]));
  }

  private findPayments(manager: EntityManager, invoiceIds: readonly string[]): Promise<Payment[]> {
    return invoiceIds.length === 0 ? Promise.resolve([]) : manager.findBy(PaymentEntity, { invoiceId: In(invoiceIds) });
  }
}

function present<T>(all: ReadonlyMap<string, T>, keys: ReadonlySet<string>): T[] {
  return [...keys].flatMap((key) => all.get(key) ?? []);
}
