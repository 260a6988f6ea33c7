import { Outbox } from '@billhook/messaging';
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

  /** The user's row, with the id of an attempt to make a customer if there is none yet. */
  async begin(manager: EntityManager, caller: Caller): Promise<CustomerRow> {
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
