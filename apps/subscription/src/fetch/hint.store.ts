import { attributesSchema } from '@billhook/contracts';
import { Inbox, Outbox } from '@billhook/messaging';
import type { Delivery } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';

const reason = 'unknown_customer';

/** Thin events whose subscription turned out to be of a customer whose user nobody knows yet. */
@Injectable()
export class HintStore {
  private readonly inbox = new Inbox(consumerName);
  private readonly outbox = new Outbox();

  /** Under the customer's lock. An event that is parked already, or whose bytes are gone, stays as it is. */
  async park(manager: EntityManager, eventId: string, customerId: string): Promise<void> {
    const delivery = await this.findToPark(manager, eventId);
    if (delivery === null) return;
    await this.inbox.settle(manager, [{ delivery, outcome: { kind: 'parked', reason, key: customerId } }]);
    const data = { event_id: eventId, event_type: delivery.attributes.type, reason, attempts: 0 };
    const event = { type: 'billing.event.parked', data } as const;
    await this.outbox.append(manager, 'subscription', [{ event, causeId: eventId, subject: eventId, at: new Date() }]);
  }

  private async findToPark(manager: EntityManager, eventId: string): Promise<Delivery | null> {
    const rows: { headers: unknown; body: Buffer }[] = await manager.query(
      `SELECT headers, body FROM raw_event
       WHERE event_id = $1 AND headers IS NOT NULL AND body IS NOT NULL
         AND NOT EXISTS (SELECT FROM parked_event WHERE consumer = $2 AND event_id = $1)
       ORDER BY recorded_at LIMIT 1`,
      [eventId, consumerName],
    );
    const [row] = rows;
    if (row === undefined) return null;
    return { attributes: attributesSchema.parse(row.headers), body: row.body, redelivered: true };
  }
}
