import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { fromStored, toColumns } from './kept-object.js';
import type { KeptObject, StoredObject } from './kept-object.js';

/** An object as one JSON value, wherever it is selected. */
export const objectAsJson = `
  json_build_object('kind', kind, 'id', id, 'customerId', customer_id, 'told', told, 'row', body)`;

const lockLinked = `SELECT ${objectAsJson} AS object FROM lock_linked($1)`;

const findOf = `SELECT ${objectAsJson} AS object FROM stripe_object WHERE customer_id = ANY($1)`;

const save = `
  INSERT INTO stripe_object (kind, id, customer_id, links, told, body)
  SELECT kind, id, customer_id, links, told, body
  FROM json_to_recordset($1::json)
       AS given (kind text, id text, customer_id text, links text[], told text, body json)
  ON CONFLICT (kind, id) DO UPDATE
    SET customer_id = excluded.customer_id, links = excluded.links, told = excluded.told, body = excluded.body,
        updated_at = now()`;

/** Stripe's objects beside subscriptions, one row each. */
@Injectable()
export class StripeObjectStore {
  /**
   * The objects that these ids lead to, under the locks of all ids on the way. Before the customers are locked, always: only then
   * is it known which. A lock for each id, a handful for each payment; beyond 256 one for all of them.
   */
  async lock(manager: EntityManager, links: readonly string[]): Promise<KeptObject[]> {
    if (links.length === 0) return [];
    const rows: { object: StoredObject }[] = await manager.query(lockLinked, [links]);
    return rows.map(({ object }) => fromStored(object));
  }

  async findOf(manager: EntityManager, customerIds: readonly string[]): Promise<KeptObject[]> {
    const rows: { object: StoredObject }[] = await manager.query(findOf, [customerIds]);
    return rows.map(({ object }) => fromStored(object));
  }

  async save(manager: EntityManager, changed: readonly KeptObject[]): Promise<void> {
    if (changed.length === 0) return;
    await manager.query(save, [JSON.stringify(changed.map(toColumns))]);
  }
}
