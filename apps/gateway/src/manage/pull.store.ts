import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from '../sign-in/caller.js';

/** For whoever doubts what they see: Stripe's own word on everything of theirs is asked for. */
@Injectable()
export class Pulls {
  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  async ask(caller: Caller): Promise<void> {
    const data = { user_id: caller.userId, reason: 'asked_by_user' };
    const event = announcement(caller, { type: 'billing.reconcile.requested', data }, { at: new Date() });
    await inTransaction(this.dataSource, (manager) => this.outbox.append(manager, eventSource, [event]));
  }
}
