import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CustomerLink, KnownCustomers } from './customers.js';

interface CustomerRow {
  customer_id: string;
  user_id: string | null;
  has_account: boolean;
}

/**
 * Whose a customer is. Its row is the lock under which all of a customer's events are applied: a customer seen for the first
 * time gets one at once, so that the event that would be parked and the link that would release it cannot miss each other.
 */
@Injectable()
export class CustomerStore {
  /** What is known of the customers, after locking all of them in a fixed order. */
  async lock(manager: EntityManager, customerIds: readonly string[]): Promise<KnownCustomers> {
    if (customerIds.length === 0) return { users: new Map(), withAccount: new Set(), isNew: new Set() };
    const created: { customer_id: string }[] = await manager.query(
      `INSERT INTO customer (customer_id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id
       ON CONFLICT DO NOTHING RETURNING customer_id`,
      [customerIds],
    );
    const rows: CustomerRow[] = await manager.query(
      `SELECT customer_id, user_id, EXISTS (SELECT FROM account WHERE account.user_id = customer.user_id) AS has_account
       FROM customer WHERE customer_id = ANY($1) ORDER BY customer_id FOR UPDATE`,
      [customerIds],
    );
    const linked = rows.flatMap((row) => (row.user_id === null ? [] : [{ ...row, user_id: row.user_id }]));
    return {
      users: new Map(linked.map((row) => [row.customer_id, row.user_id])),
      withAccount: new Set(linked.flatMap((row) => (row.has_account ? [row.user_id] : []))),
      isNew: new Set(created.map((row) => row.customer_id)),
    };
  }

  async link(manager: EntityManager, links: readonly CustomerLink[]): Promise<void> {
    if (links.length === 0) return;
    await manager.query(
      `UPDATE customer SET user_id = link.user_id, source = link.source, linked_at = now()
       FROM unnest($1::text[], $2::text[], $3::text[]) AS link (customer_id, user_id, source)
       WHERE customer.customer_id = link.customer_id`,
      [links.map((link) => link.customerId), links.map((link) => link.userId), links.map((link) => link.source)],
    );
  }
}
