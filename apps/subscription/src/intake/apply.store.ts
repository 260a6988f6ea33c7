import { Inbox } from '@billhook/messaging';
import type { Delivery, Outcome } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PendingFetchStore } from '../fetch/pending-fetch.store.js';
import { CustomerStore } from '../ledger/customer.store.js';
import { customersToLock, learnCustomers } from '../ledger/customers.js';
import type { Customers } from '../ledger/customers.js';
import type { Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import type { LedgerScope } from '../ledger/ledger.store.js';
import { settle } from '../ledger/settle.js';
import { toIntake } from '../ledger/intake.js';
import type { Intake } from '../ledger/intake.js';
import { KeptEvents } from './kept-event.store.js';
import { RawEvents } from './raw-event.store.js';

/** The name under which this service's inbox remembers events. */
export const consumerName = 'subscription';

export interface Applied {
  /** One for each delivery, in order. */
  outcomes: Outcome[];
  /** Whether some event left a question that only Stripe can answer. */
  asksStripe: boolean;
}

/**
 * One batch, in one transaction: keep the bytes, lock the customers and then the accounts, each in a fixed order, apply the
 * events in memory in their order of arrival, write back what changed.
 */
@Injectable()
export class BatchApplier {
  private readonly inbox = new Inbox(consumerName);
  private readonly kept = new KeptEvents();

  constructor(
    private readonly rawEvents: RawEvents,
    private readonly customers: CustomerStore,
    private readonly ledgers: LedgerStore,
    private readonly fetches: PendingFetchStore,
  ) {}

  async apply(manager: EntityManager, deliveries: readonly Delivery[], rules: Rules): Promise<Applied> {
    const intakes = deliveries.map(toIntake);
    await this.rawEvents.append(manager, await this.kept.notKept(manager, intakes));
    const customers = await this.learn(manager, intakes);
    const waiting = await this.findWaiting(manager, customers);
    const ledger = await this.ledgers.open(manager, scopeOf([...waiting, ...intakes], customers), rules);
    const released = waiting.map((intake) => ({ delivery: intake.delivery, outcome: settle(ledger, intake, rules) }));
    const outcomes = intakes.map((intake) => settle(ledger, intake, rules));
    await this.ledgers.save(manager, ledger);
    const asked = [...ledger.changes.fetches.values()];
    await this.fetches.request(manager, asked);
    if (released.length > 0) await this.inbox.release(manager, released);
    return { outcomes, asksStripe: asked.length > 0 };
  }

  private async learn(manager: EntityManager, intakes: readonly Intake[]): Promise<Customers> {
    const known = await this.customers.lock(manager, customersToLock(intakes));
    const customers = learnCustomers(known, intakes);
    await this.customers.link(manager, customers.learned);
    return customers;
  }

  /** Events that were parked because nobody knew whose customer it was, until now. */
  private async findWaiting(manager: EntityManager, { learned }: Customers): Promise<Intake[]> {
    const waiting: Intake[] = [];
    for (const { customerId } of learned) {
      const parked = await this.inbox.findParkedForUpdate(manager, customerId);
      waiting.push(...parked.map((event) => toIntake(event.delivery)));
    }
    return waiting;
  }
}

function scopeOf(intakes: readonly Intake[], customers: Customers): LedgerScope {
  const announced = intakes.flatMap(({ meaning }) => (meaning.kind === 'account_opened' ? [meaning.userId] : []));
  const invoices = intakes.flatMap(({ meaning }) => (meaning.kind === 'payment' ? [meaning.invoice.invoiceId] : []));
  return {
    customers,
    userIds: [...new Set([...announced, ...customers.users.values()])],
    invoiceIds: [...new Set(invoices)],
  };
}
