import { Inbox } from '@billhook/messaging';
import type { Delivery, Outcome } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Customers, KnownCustomers } from '../ledger/customers.js';
import { toIntake } from '../ledger/intake.js';
import type { Intake } from '../ledger/intake.js';
import { consumerName } from './consumer-name.js';

/** Events that were parked because nobody knew whose customer it was. */
@Injectable()
export class WaitingEvents {
  private readonly inbox = new Inbox(consumerName);

  /** Those that can be applied now, locked until the transaction ends. Nothing waits for a customer seen for the first time. */
  async find(manager: EntityManager, { learned }: Customers, { isNew }: KnownCustomers): Promise<Intake[]> {
    const waiting: Intake[] = [];
    for (const { customerId } of learned.filter((link) => !isNew.has(link.customerId))) {
      const parked = await this.inbox.findParkedForUpdate(manager, customerId);
      waiting.push(...parked.map((event) => toIntake(event.delivery)));
    }
    return waiting;
  }

  async release(manager: EntityManager, released: readonly { delivery: Delivery; outcome: Outcome }[]): Promise<void> {
    if (released.length > 0) await this.inbox.release(manager, released);
  }
}
