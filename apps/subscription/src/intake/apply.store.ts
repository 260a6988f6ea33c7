import type { Delivery, Outcome } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Erasures } from '../erasure/erasures.store.js';
import { PendingFetchStore } from '../fetch/pending-fetch.store.js';
import { PullStore } from '../fetch/pull.store.js';
import { CustomerStore } from '../ledger/customer.store.js';
import { customersToLock, learnCustomers } from '../ledger/customers.js';
import type { Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { learnOwners, linksOfAll } from '../ledger/owners.js';
import type { Owned } from '../ledger/owners.js';
import { scopeOf } from '../ledger/scope.js';
import { settle, settleAll } from '../ledger/settle.js';
import { StripeObjectStore } from '../ledger/stripe-object.store.js';
import { toIntake } from '../ledger/intake.js';
import type { Intake } from '../ledger/intake.js';
import { KeptEvents } from './kept-event.store.js';
import { RawEvents } from './raw-event.store.js';
import { TakenEvents } from './taken-events.store.js';
import { WaitingEvents } from './waiting-events.store.js';

export interface Applied {
  /** One for each delivery, in order. */
  outcomes: Outcome[];
  /** Whether some event left a question that only Stripe can answer. */
  asksStripe: boolean;
  /** How many events were released that had waited for their customer's user. */
  released: number;
}

/**
 * One batch, in one transaction: keep the bytes, lock the links between payments, then the customers, then the accounts, each in a
 * fixed order, apply the events in memory in their order of arrival, write back what changed.
 */
@Injectable()
export class BatchApplier {
  private readonly kept = new KeptEvents();

  constructor(
    private readonly rawEvents: RawEvents,
    private readonly objects: StripeObjectStore,
    private readonly customers: CustomerStore,
    private readonly ledgers: LedgerStore,
    private readonly fetches: PendingFetchStore,
    private readonly pulls: PullStore,
    private readonly waiting: WaitingEvents,
    private readonly taken: TakenEvents,
    private readonly erasures: Erasures,
  ) {}

  /** `locked` is told once links and customers are locked: a batch after this one cannot overtake it any more. */
  async apply(
    manager: EntityManager,
    deliveries: readonly Delivery[],
    rules: Rules,
    locked: () => void = () => undefined,
  ): Promise<Applied> {
    const { intakes, ...objects } = await this.findOwners(manager, deliveries.map(toIntake));
    const known = await this.customers.lock(manager, customersToLock(intakes, objects.adopted));
    locked();
    const customers = learnCustomers(known.users, intakes);
    // Linked first: whose an event is decides whether its bytes may be kept.
    await this.customers.link(manager, customers.learned);
    await this.rawEvents.append(manager, await this.kept.notKept(manager, intakes));
    const waiting = await this.waiting.find(manager, customers, known);
    const all = [...waiting, ...intakes];
    const taken = await this.taken.find(manager, all);
    const ledger = await this.ledgers.open(manager, { ...scopeOf(all, customers, known), objects, taken }, rules);
    const released = waiting.map((intake) => ({ delivery: intake.delivery, outcome: settle(ledger, intake, rules) }));
    const outcomes = settleAll(ledger, intakes, rules);
    await this.ledgers.save(manager, ledger, rules);
    await this.fetches.bringForward(manager, [...ledger.changes.subscriptions]);
    const asked = [...ledger.changes.fetches.values()];
    await this.fetches.request(manager, asked);
    const pulls = [...ledger.changes.pulls.values()];
    await this.pulls.request(manager, pulls);
    await this.waiting.release(manager, released);
    await this.erasures.begin(manager, ledger.changes.erasures);
    return { outcomes, asksStripe: asked.length + pulls.length > 0, released: released.length };
  }

  /** Of what names no customer itself, by what is known of the same payments. */
  private async findOwners(manager: EntityManager, intakes: readonly Intake[]): Promise<Owned> {
    return learnOwners(intakes, await this.objects.lock(manager, linksOfAll(intakes)));
  }
}
