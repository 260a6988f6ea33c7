import type { Account } from '@billhook/contracts';
import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { actorOf, causeOf } from './run.js';
import type { Run, Step } from './run.js';

const accountsOfAPart = 100;
/** 200 accounts a second: what consumers can take beside their daily work. */
const pauseMs = 500;

/**
 * Announces every account again, as it is and with the version it has: whoever applies what is at least as new is mended by it.
 * The run is the cause, so that the announcements have ids that no consumer has seen.
 */
@Injectable()
export class Republish {
  private readonly outbox = new Outbox();

  constructor(private readonly dataSource: DataSource) {}

  /** The next part, under its accounts' locks: a newer version of one is announced after it and not before. */
  async step(run: Run): Promise<Step> {
    const rows = await inTransaction(this.dataSource, async (manager) => {
      const accounts: { userId: string; body: Account }[] = await manager.query(
        `SELECT user_id AS "userId", body FROM account WHERE user_id > $1 ORDER BY user_id LIMIT $2 FOR UPDATE`,
        [run.position ?? '', accountsOfAPart],
      );
      const announced = run.dryRun ? [] : accounts.filter(({ body }) => body.version > 0);
      await this.outbox.append(
        manager,
        'subscription',
        announced.map(({ userId, body }) => ({
          event: { type: 'billing.account.changed', data: body },
          causeId: causeOf(run.id),
          subject: userId,
          at: new Date(),
          ...actorOf(run),
        })),
      );
      return accounts;
    });
    const last = rows.at(-1);
    const isLast = rows.length < accountsOfAPart || last === undefined;
    return {
      next: isLast ? null : { position: last.userId, waitMs: run.dryRun ? 0 : pauseMs },
      counts: { accounts: rows.length },
    };
  }
}
