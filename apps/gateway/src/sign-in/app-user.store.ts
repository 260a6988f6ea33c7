import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccountChanges } from '../account/account-changes.store.js';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from './caller.js';

/** Bounds the memory of one process; a user who falls out costs one statement again. */
const mostRemembered = 50_000;

/** Everybody who has ever signed in here. The identity provider owns users; this is only their first day. */
@Injectable()
export class AppUserStore {
  private readonly known = new Set<string>();
  /** How often something was taken out of what is known. */
  private forgotten = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
    changes: AccountChanges,
  ) {
    changes.follow({ changed: (userId) => this.forget(userId), missed: () => this.forgetAll() });
  }

  /**
   * Records a user seen for the first time and announces it, in one transaction. Throws Refused account_erased for one who is
   * erased, on every replica as soon as it has heard of it.
   */
  async openOnce(caller: Caller): Promise<void> {
    if (this.known.has(caller.userId)) return;
    const { forgotten } = this;
    await inTransaction(this.dataSource, async (manager) => {
      const erased: unknown[] = await manager.query('SELECT FROM erasure WHERE user_id = $1', [caller.userId]);
      if (erased.length > 0) throw new Refused('account_erased');
      const opened: unknown[] = await manager.query(
        `INSERT INTO app_user (user_id, email) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING RETURNING user_id`,
        [caller.userId, caller.email],
      );
      if (opened.length === 0) return;
      const event = { type: 'billing.account.opened', data: { user_id: caller.userId, email: caller.email } } as const;
      await this.outbox.append(manager, eventSource, [
        announcement(caller, event, { at: new Date(), causeId: caller.userId }),
      ]);
    });
    // Somebody may have been erased since we looked.
    if (forgotten !== this.forgotten) return;
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.add(caller.userId);
  }

  private forget(userId: string): void {
    this.forgotten += 1;
    this.known.delete(userId);
  }

  private forgetAll(): void {
    this.forgotten += 1;
    this.known.clear();
  }
}
