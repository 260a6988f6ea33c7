import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';

/** A customer of Stripe's whose events have waited for too long for somebody to say whose it is. */
export interface UnknownCustomer {
  customerId: string;
  events: number;
  oldestAt: Date;
}

/** Checkout and its customer are announced within seconds, and an outbox that is late catches up: an hour is somebody's mistake. */
const patience = "interval '1 hour'";
const mostAtOnce = 100;

const waiting = `
  FROM parked_event WHERE consumer = $1 AND reason = 'unknown_customer' AND key IS NOT NULL AND body IS NOT NULL`;

@Injectable()
export class UnknownCustomers {
  private readonly outbox = new Outbox();

  constructor(private readonly dataSource: DataSource) {}

  async countEvents(): Promise<number> {
    const [row]: { count: number }[] = await this.dataSource.query(`SELECT count(*)::int AS count ${waiting}`, [
      consumerName,
    ]);
    return row?.count ?? 0;
  }

  /** Those that nobody has been told of yet: from now on they have. Of two replicas one tells. */
  alert(): Promise<UnknownCustomer[]> {
    return inTransaction(this.dataSource, async (manager) => {
      const found: UnknownCustomer[] = await manager.query(
        `WITH late AS (
           SELECT key AS customer_id, count(*)::int AS events, min(parked_at) AS oldest_at ${waiting}
           GROUP BY key HAVING min(parked_at) < now() - ${patience}),
         untold AS (
           SELECT customer_id FROM customer JOIN late USING (customer_id) WHERE unknown_told_at IS NULL
           ORDER BY customer_id LIMIT ${mostAtOnce} FOR UPDATE OF customer SKIP LOCKED),
         told AS (
           UPDATE customer SET unknown_told_at = now() FROM untold WHERE customer.customer_id = untold.customer_id
           RETURNING customer.customer_id)
         SELECT customer_id AS "customerId", events, oldest_at AS "oldestAt" FROM told JOIN late USING (customer_id)`,
        [consumerName],
      );
      await this.outbox.append(manager, 'subscription', found.map(toAlert));
      return found;
    });
  }
}

function toAlert({ customerId, events, oldestAt }: UnknownCustomer) {
  const data = { code: 'unknown_customer', customer_id: customerId, events, oldest_at: oldestAt.toISOString() };
  return {
    event: { type: 'billing.customer.left_unknown', data } as const,
    causeId: `unknown_customer:${customerId}`,
    subject: customerId,
    at: new Date(),
  };
}
