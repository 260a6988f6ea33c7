import { Outbox } from '@billhook/messaging';
import type { DomainEvent } from '@billhook/contracts';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { eventSource } from '../announcement.js';
import { Deadline } from '../deadline.js';
import type { UserLock } from '../user-lock.store.js';
import type { ImportProgress } from './import-progress.store.js';
import type { ImportRow } from './import-row.js';
import { verdictByMapping } from './verdict.js';
import type { Verdict } from './verdict.js';

const lockWithinMs = 5_000;
const actor = 'ops:import';

/** Gives a user a customer that Stripe had before us. */
export class Adoption {
  private readonly outbox = new Outbox();

  constructor(
    private readonly lock: UserLock,
    private readonly progress: ImportProgress,
  ) {}

  /**
   * Links, announces, asks for a pull and notes that the row is done, all in one transaction. Under the lock that a checkout of the
   * user's holds while it makes a customer; what has been linked meanwhile stands. Throws Refused busy when that takes too long.
   */
  adopt(row: ImportRow): Promise<Verdict> {
    return this.lock.hold(row.userId, new Deadline(lockWithinMs, Date.now), (section) =>
      section.inTransaction(async (manager) => {
        const verdict = await this.link(manager, row);
        await this.progress.settle(row, verdict, manager);
        return verdict;
      }),
    );
  }

  private async link(manager: EntityManager, row: ImportRow): Promise<Verdict> {
    const { userId, customerId } = row;
    const opened: unknown[] = await manager.query(
      'INSERT INTO app_user (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING RETURNING user_id',
      [userId],
    );
    if (!(await this.takeCustomer(manager, row))) return this.verdictOnTaken(manager, row);
    const events: DomainEvent[] = [
      ...(opened.length > 0
        ? [{ type: 'billing.account.opened', data: { user_id: userId, email: null } } as const]
        : []),
      { type: 'billing.customer.linked', data: { user_id: userId, customer_id: customerId } },
      { type: 'billing.reconcile.requested', data: { user_id: userId } },
    ];
    const at = new Date();
    const announced = events.map((event) => ({ event, causeId: causeOf(event, row), subject: userId, at, actor }));
    await this.outbox.append(manager, eventSource, announced);
    return { outcome: 'linked' };
  }

  /** Also where an earlier attempt at a customer was begun and came to nothing. False when either end has another one. */
  private async takeCustomer(manager: EntityManager, { userId, customerId }: ImportRow): Promise<boolean> {
    const taken: unknown[] = await manager.query(
      `WITH free AS (SELECT WHERE NOT EXISTS (SELECT FROM customer WHERE customer_id = $2)
                     AND NOT EXISTS (SELECT FROM erasure WHERE user_id = $1))
       INSERT INTO customer (user_id, attempt_id, customer_id, linked_at) SELECT $1, $3, $2, now() FROM free
       ON CONFLICT (user_id) DO UPDATE SET customer_id = excluded.customer_id, linked_at = excluded.linked_at
         WHERE customer.customer_id IS NULL
       RETURNING user_id`,
      [userId, customerId, randomUUID()],
    );
    return taken.length > 0;
  }

  private async verdictOnTaken(manager: EntityManager, row: ImportRow): Promise<Verdict> {
    const rows: { user_id: string; customer_id: string | null }[] = await manager.query(
      'SELECT user_id, customer_id FROM customer WHERE user_id = $1 OR customer_id = $2',
      [row.userId, row.customerId],
    );
    const linkedCustomerId = rows.find(({ user_id }) => user_id === row.userId)?.customer_id ?? null;
    const linkedUserId = rows.find(({ customer_id }) => customer_id === row.customerId)?.user_id ?? null;
    const verdict = verdictByMapping({ ...row, linkedCustomerId, linkedUserId });
    if (verdict === null) throw new Error(`line ${row.line}: neither end is linked, and yet they could not be`);
    return verdict;
  }
}

/** As the gateway itself announces them, so that nothing is announced twice whoever comes first. */
function causeOf({ type }: DomainEvent, { userId, customerId }: ImportRow): string {
  return type === 'billing.account.opened' ? userId : customerId;
}
