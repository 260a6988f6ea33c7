import type { SubscriptionRow } from '@billhook/billing';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { selected, subscriptionColumns } from '../ledger/ledger-rows.js';
import { fromSubscriptionColumns } from '../ledger/subscription.entity.js';
import type { SubscriptionColumns } from '../ledger/subscription.entity.js';

/** What this service holds, read without locks: whoever acts on it asks again under them. */
@Injectable()
export class HeldSubscriptions {
  constructor(private readonly dataSource: DataSource) {}

  async find(ids: readonly string[]): Promise<Map<string, SubscriptionRow>> {
    const rows: SubscriptionColumns[] = await this.dataSource.query(
      `SELECT ${selected(subscriptionColumns)} FROM subscription WHERE subscription_id = ANY($1)`,
      [ids],
    );
    return new Map(rows.map((row) => [row.subscriptionId, fromSubscriptionColumns(row)]));
  }

  async findOne(id: string): Promise<SubscriptionRow | null> {
    return (await this.find([id])).get(id) ?? null;
  }

  async userOf(customerId: string): Promise<string | null> {
    const rows: { user_id: string | null }[] = await this.dataSource.query(
      'SELECT user_id FROM customer WHERE customer_id = $1',
      [customerId],
    );
    return rows[0]?.user_id ?? null;
  }
}
