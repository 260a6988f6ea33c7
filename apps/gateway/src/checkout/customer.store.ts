import { Outbox } from '@billhook/messaging';
import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { randomUUID } from 'node:crypto';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from '../sign-in/caller.js';
import type { Section } from '../user-lock.store.js';

/** `attempt_id` and `email` are what Stripe was, or is to be, asked with. */
export interface CustomerRow {
  attempt_id: string;
  email: string | null;
  customer_id: string | null;
}

/** The mapping from our users to Stripe's customers: one each, for good. */
@Injectable()
export class CustomerStore {
  constructor(private readonly outbox: Outbox) {}

  async customerIdOf(manager: EntityManager, userId: string): Promise<string | null> {
    const rows: CustomerRow[] = await manager.query('SELECT customer_id FROM customer WHERE user_id = $1', [userId]);
    return rows[0]?.customer_id ?? null;
  }

  /**
   * The user's row, with the id of an attempt to make a customer if there is none yet. Throws Refused account_erased for whose
   * request came before the erasure and was slower.
   */
  async begin(manager: EntityManager, caller: Caller): Promise<CustomerRow> {
    const erased: unknown[] = await manager.query('SELECT FROM erasure WHERE user_id = $1', [caller.userId]);
    if (erased.length > 0) throw new Refused('account_erased');
    await manager.query(
      `INSERT INTO customer (user_id, attempt_id, email) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING`,
      [caller.userId, randomUUID(), caller.email],
    );
    const rows: CustomerRow[] = await manager.query(
      'SELECT attempt_id, email, customer_id FROM customer WHERE user_id = $1',
      [caller.userId],
    );
    const row = rows[0];
    if (row === undefined) throw new Error('a customer row that was just made is not there');
    return row;
  }

  /** Begins another attempt in place of a customer that Stripe has no more, and gives up those at sessions for it. */
  async beginAnew(manager: EntityManager, { userId, email }: Caller): Promise<CustomerRow> {
    await manager.query(
      `UPDATE checkout_attempt SET state = 'abandoned', settled_at = now() WHERE user_id = $1 AND state = 'creating'`,
      [userId],
    );
    const attempt_id = randomUUID();
    await manager.query('UPDATE customer SET attempt_id = $2, email = $3 WHERE user_id = $1', [
      userId,
      attempt_id,
      email,
    ]);
    return { attempt_id, email, customer_id: null };
  }

  /** Puts the new customer in the place of the one that is gone and announces it, in one transaction. */
  relink(section: Section, caller: Caller, formerId: string, customerId: string): Promise<void> {
    return section.inTransaction(async (manager) => {
      await manager.query('UPDATE customer SET customer_id = $2, linked_at = now() WHERE user_id = $1', [
        caller.userId,
        customerId,
      ]);
      const data = { user_id: caller.userId, customer_id: customerId, former_customer_id: formerId };
      const event = announcement(
        caller,
        { type: 'billing.customer.relinked', data },
        { at: new Date(), causeId: customerId },
      );
      await this.outbox.append(manager, eventSource, [event]);
    });
  }

  /** Remembers the customer and announces it, in one transaction. */
  link(section: Section, caller: Caller, customerId: string): Promise<void> {
    return section.inTransaction(async (manager) => {
      await manager.query(`UPDATE customer SET customer_id = $2, linked_at = now() WHERE user_id = $1`, [
        caller.userId,
        customerId,
      ]);
      const data = { user_id: caller.userId, customer_id: customerId };
      const event = announcement(
        caller,
        { type: 'billing.customer.linked', data },
        { at: new Date(), causeId: customerId },
      );
      await this.outbox.append(manager, eventSource, [event]);
    });
  }
}
