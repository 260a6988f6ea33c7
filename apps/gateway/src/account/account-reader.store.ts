import { LiveCatalogue } from '@billhook/catalogue';
import type { Account } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import { accountAnswer, freeAccount } from './account-answer.js';
import type { AccountAnswer } from './account-answer.js';
import { AccountChanges } from './account-changes.store.js';
import { AccountStore } from './account.store.js';
import type { FoundAccount } from './account.store.js';
import { RememberedAccounts } from './remembered-accounts.js';

/** A change whose notification is lost is still seen this soon; the database is never asked more often while waiting. */
const longestSleepMs = 1_000;

@Injectable()
export class AccountReader {
  private readonly remembered: RememberedAccounts;

  constructor(
    private readonly store: AccountStore,
    private readonly changes: AccountChanges,
    private readonly catalogue: LiveCatalogue,
  ) {
    const clock = (): number => performance.now();
    const remembered = new RememberedAccounts((userId) => store.findWithPending(userId), clock);
    changes.follow({ changed: (userId) => remembered.forget(userId), missed: () => remembered.forgetAll() });
    this.remembered = remembered;
  }

  /** The account as its events left it; Free at version 0 for who was never heard of. */
  async read(userId: string): Promise<Account> {
    return (await this.store.find(userId)) ?? freeAccount(userId, this.catalogue.current(), new Date());
  }

  /** The same with the change on top that Stripe has accepted and not confirmed yet. */
  async answer(userId: string): Promise<AccountAnswer> {
    return this.toAnswer(userId, await this.store.findWithPending(userId));
  }

  /**
   * The same without a statement for whoever comes again before anything has changed. A change on another replica is heard of by a
   * notification, some milliseconds after its commit; while none would be heard, nothing is remembered.
   */
  async answerSoon(userId: string): Promise<AccountAnswer> {
    if (!this.changes.isListening) return this.answer(userId);
    return this.toAnswer(userId, await this.remembered.read(userId));
  }

  /** The same of many users, in any order. Whoever is erased has none any more. */
  async answers(userIds: readonly string[]): Promise<{ userId: string; answer: AccountAnswer | null }[]> {
    const now = new Date();
    const rows = await this.store.findAllWithPending(userIds);
    return rows.map(({ userId, account, change, isErased }) => ({
      userId,
      answer: isErased
        ? null
        : accountAnswer(account ?? freeAccount(userId, this.catalogue.current(), now), change, now),
    }));
  }

  /** Waits until the account is as `holds` wants it, or the time is over; answers with the account as it then is. */
  async waitUntil(userId: string, holds: (account: Account) => boolean, timeoutMs: number): Promise<Account> {
    const endsAt = performance.now() + timeoutMs;
    // Watched before it is read: a change between the two would otherwise be slept through.
    const watch = this.changes.watch(userId);
    try {
      for (;;) {
        const account = await this.read(userId);
        const left = endsAt - performance.now();
        if (left <= 0 || holds(account)) return account;
        await watch.next(Math.min(left, longestSleepMs));
      }
    } finally {
      watch.close();
    }
  }

  private toAnswer(userId: string, { account, change }: Pick<FoundAccount, 'account' | 'change'>): AccountAnswer {
    const now = new Date();
    return accountAnswer(account ?? freeAccount(userId, this.catalogue.current(), now), change, now);
  }
}
