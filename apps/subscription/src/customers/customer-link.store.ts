import type { DomainEvent } from '@billhook/contracts';
import { inTransaction } from '@billhook/database';
import { Inbox, isHeldUp, Outbox } from '@billhook/messaging';
import type { Delivery } from '@billhook/messaging';
import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { PendingFetchConsumer } from '../fetch/pending-fetch.consumer.js';
import { BatchApplier } from '../intake/apply.store.js';
import { consumerName } from '../intake/consumer-name.js';
import { CustomerStore } from '../ledger/customer.store.js';
import { RulesSource } from '../rules.js';

export interface LinkOrder {
  customerId: string;
  userId: string;
  reason: string;
  /** `sub` of the token. */
  by: string;
  requestId: string;
  remoteAddress: string;
  userAgent: string | undefined;
}

/** A batch that meets us on the same customer waits longer than this: we give way. */
const lockTimeout = "SET LOCAL lock_timeout = '300ms'";

/**
 * Says by hand whose a customer is. It becomes a `billing.customer.linked` of ours and goes the way of the gateway's: recorded,
 * kept and applied like any event, so that what waits is released by the same code and a rebuild finds it too.
 */
@Injectable()
export class CustomerLinks {
  private readonly inbox = new Inbox(consumerName);
  private readonly outbox = new Outbox();

  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomerStore,
    private readonly applier: BatchApplier,
    private readonly fetches: PendingFetchConsumer,
    private readonly rules: RulesSource,
  ) {}

  /** How many events had waited for it. Refused where the customer is somebody else's, or nobody has heard of it. */
  async link(order: LinkOrder): Promise<number> {
    try {
      const { released, asksStripe } = await inTransaction(this.dataSource, (manager) => this.linkOnce(manager, order));
      if (asksStripe) this.fetches.wake();
      return released;
    } catch (error) {
      if (isHeldUp(error)) throw new Refused('busy', 'events of this customer are being applied');
      throw error;
    }
  }

  private async linkOnce(manager: EntityManager, order: LinkOrder) {
    await manager.query(lockTimeout);
    await this.check(manager, order);
    const delivery = toDelivery(order);
    const { id, type } = delivery.attributes;
    await this.inbox.recordOnce(manager, [{ id, type }]);
    const applied = await this.applier.apply(manager, [delivery], this.rules.now());
    await this.announce(manager, order, applied.released);
    return applied;
  }

  /** Under the customer's lock, which is taken only once it is known: locking makes a row of what nobody has heard of. */
  private async check(manager: EntityManager, { customerId, userId }: LinkOrder): Promise<void> {
    const known: unknown[] = await manager.query('SELECT FROM customer WHERE customer_id = $1', [customerId]);
    if (known.length === 0) throw new Refused('not_found', 'no event of this customer has come in');
    const { users } = await this.customers.lock(manager, [customerId]);
    const owner = users.get(customerId);
    if (owner !== undefined && owner !== userId) throw new Refused('customer_of_another_user');
  }

  /**
   * Who ordered it and why, and the link as the gateway would have announced it: by that the trail knows whose the customer's
   * entries are. It comes back to us, where it is no news.
   */
  private announce(manager: EntityManager, order: LinkOrder, released: number): Promise<void> {
    const { customerId: customer_id, userId: user_id, reason, by, requestId, remoteAddress, userAgent } = order;
    const assigned = { user_id, customer_id, reason, released_events: released };
    const events: DomainEvent[] = [
      { type: 'billing.customer.assigned', data: assigned },
      { type: 'billing.customer.linked', data: { user_id, customer_id } },
    ];
    const envelope = {
      causeId: requestId,
      subject: user_id,
      at: new Date(),
      actor: `ops:${by}`,
      remoteAddress,
      ...(userAgent !== undefined && { userAgent }),
      requestId,
    };
    return this.outbox.append(
      manager,
      'subscription',
      events.map((event) => ({ event, ...envelope })),
    );
  }
}

function toDelivery({ customerId, userId, by, requestId }: LinkOrder): Delivery {
  return {
    attributes: {
      id: `link/${requestId}`,
      source: 'subscription',
      type: 'billing.customer.linked',
      subject: userId,
      time: new Date().toISOString(),
      causeid: requestId,
      actor: `ops:${by}`,
      requestid: requestId,
      dataversion: 1,
    },
    body: Buffer.from(JSON.stringify({ user_id: userId, customer_id: customerId })),
    redelivered: false,
  };
}
