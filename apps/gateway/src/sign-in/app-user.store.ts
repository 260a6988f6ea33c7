import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from './caller.js';

/** Bounds the memory of one process; a user who falls out costs one statement again. */
const mostRemembered = 50_000;

/** Everybody who has ever signed in here. The identity provider owns users; this is only their first day. */
@Injectable()
export class AppUserStore {
  private readonly known = new Set<string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /** Records a user seen for the first time and announces it, in one transaction. */
  async openOnce(caller: Caller): Promise<void> {
    if (this.known.has(caller.userId)) return;
    await inTransaction(this.dataSource, async (manager) => {
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
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.add(caller.userId);
  }
}
