import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CustomerLink } from './customers.js';

/**
 * Whose a customer is. Its row is the lock under which all of a customer's events are applied: a customer seen for the first
 * time gets one at once, so that the event that would be parked and the link that would release it cannot miss each other.
 */
@Injectable()
export class CustomerStore {
  /** Users of the customers that are known, after locking all of them in a fixed order. */
  async lock(manager: EntityManager, customerIds: readonly string[]): Promise<Map<string, string>> {
    if (customerIds.length === 0) return new Map();
    await manager.query(
      'INSERT INTO customer (customer_id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id ON CONFLICT DO NOTHING',
      [customerIds],
    );
    const rows: { customer_id: string; user_id: string | null }[] = await manager.query(
      'SELECT customer_id, user_id FROM customer WHERE customer_id = ANY($1) ORDER BY customer_id FOR UPDATE',
      [customerIds],
    );
    return new Map(rows.flatMap((row) => (row.user_id === null ? [] : [[row.customer_id, row.user_id] as const])));
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
