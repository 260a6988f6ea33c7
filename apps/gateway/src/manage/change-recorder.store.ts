import type { DomainEvent } from '@billhook/contracts';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { AccountChanges } from '../account/account-changes.store.js';
import { AccountStore } from '../account/account.store.js';
import type { PendingChange } from '../account/pending.js';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from '../sign-in/caller.js';
import type { Section } from '../user-lock.store.js';

/** Announces what a customer asked for, with its outcome, and shows what Stripe has accepted, in one transaction. */
@Injectable()
export class ChangeRecorder {
  constructor(
    private readonly accounts: AccountStore,
    private readonly changes: AccountChanges,
    private readonly outbox: Outbox,
  ) {}

  async record(section: Section, caller: Caller, event: DomainEvent, pending?: PendingChange): Promise<void> {
    await section.inTransaction(async (manager) => {
      if (pending !== undefined) await this.accounts.savePending(manager, caller.userId, pending);
      await this.outbox.append(manager, eventSource, [announcement(caller, event, { at: new Date() })]);
    });
    if (pending !== undefined) this.changes.heard(caller.userId);
  }
}
