import { LiveCatalogue } from '@billhook/catalogue';
import type { Account } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import { accountAnswer, freeAccount } from './account-answer.js';
import type { AccountAnswer } from './account-answer.js';
import { AccountChanges } from './account-changes.store.js';
import { AccountStore } from './account.store.js';

/** A change whose notification is lost is still seen this soon; the database is never asked more often while waiting. */
const longestSleepMs = 1_000;

@Injectable()
export class AccountReader {
  constructor(
    private readonly store: AccountStore,
    private readonly changes: AccountChanges,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /** The account as its events left it; Free at version 0 for who was never heard of. */
  async read(userId: string): Promise<Account> {
    return (await this.store.find(userId)) ?? freeAccount(userId, this.catalogue.current(), new Date());
  }

  /** The same with the change on top that Stripe has accepted and not confirmed yet. */
  async answer(userId: string): Promise<AccountAnswer> {
    const now = new Date();
    const { account, change } = await this.store.findWithPending(userId);
    return accountAnswer(account ?? freeAccount(userId, this.catalogue.current(), now), change, now);
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
}
