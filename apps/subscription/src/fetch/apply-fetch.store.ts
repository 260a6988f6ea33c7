import { toFetchedSubscription } from '@billhook/billing';
import type { Decision, FetchedSubscription, SubscriptionSnapshot } from '@billhook/billing';
import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { RawEvents } from '../intake/raw-event.store.js';
import { TakenEvents } from '../intake/taken-events.store.js';
import { WaitingEvents } from '../intake/waiting-events.store.js';
import { CustomerStore } from '../ledger/customer.store.js';
import type { Customers, KnownCustomers } from '../ledger/customers.js';
import type { Intake } from '../ledger/intake.js';
import { accountOf } from '../ledger/ledger.js';
import type { AccountEntry, Ledger, Rules } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { scopeOf } from '../ledger/scope.js';
import { settle, settleSubscription } from '../ledger/settle.js';
import { fetchedEvent } from './fetched-event.js';
import { HintStore } from './hint.store.js';
import { PendingFetchStore } from './pending-fetch.store.js';
import type { FetchQuestion } from './pending-fetch.store.js';
import { PullStore } from './pull.store.js';
import type { FetchedObject } from './subscription.client.js';

export type FetchOutcome =
  { kind: Decision['kind'] } | { kind: 'unreadable'; path: string } | { kind: 'unknown_customer' };

/** Decides again with what Stripe answered, under the same locks and by the same rules as an event. */
@Injectable()
export class FetchApplier {
  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomerStore,
    private readonly ledgers: LedgerStore,
    private readonly pending: PendingFetchStore,
    private readonly pulls: PullStore,
    private readonly hints: HintStore,
    private readonly waiting: WaitingEvents,
    private readonly taken: TakenEvents,
    private readonly rawEvents: RawEvents,
  ) {}

  async apply(fetch: FetchQuestion, answer: FetchedObject, rules: Rules): Promise<FetchOutcome> {
    const place = (createdAt: Date) => placeOf(fetch, answer.answeredAt, createdAt);
    const reading = toFetchedSubscription(answer.object, place);
    if (!reading.ok) return { kind: 'unreadable', path: reading.path };
    const answered = { event: reading.value, object: answer.object };
    return inTransaction(this.dataSource, (manager) => this.settle(manager, fetch, answered, rules));
  }

  /** The row's customer is the one to lock: an answer that names another one is a contradiction for `decide` to find. */
  private async settle(
    manager: EntityManager,
    fetch: FetchQuestion,
    { event, object }: { event: FetchedSubscription; object: unknown },
    rules: Rules,
  ): Promise<FetchOutcome> {
    const customerId = fetch.customerId ?? event.snapshot.customerId;
    const known = await this.customers.lock(manager, [customerId]);
    const customers = learnFrom(event.snapshot, customerId, known);
    const userId = customers.users.get(customerId);
    if (userId === undefined) return this.keepHint(manager, fetch, customerId);
    await this.customers.link(manager, customers.learned);
    const waiting = await this.waiting.find(manager, customers, known);
    const ledger = await this.openLedger(manager, { waiting, customers, known }, rules);
    const released = waiting.map((intake) => ({ delivery: intake.delivery, outcome: settle(ledger, intake, rules) }));
    const effect = effectOf(fetch, accountOf(ledger, userId), event);
    const cause = { id: fetch.causeId, effect, at: event.at };
    const { kind } = settleSubscription(ledger, { userId, event }, cause, rules);
    const about = { effect, causeId: fetch.causeId, customerId, userId };
    // What settled nothing is asked again.
    if (kind !== 'needsFetch') await this.rawEvents.append(manager, [fetchedEvent(event, about, object)]);
    await this.ledgers.save(manager, ledger, rules);
    await this.waiting.release(manager, released);
    await this.pending.request(manager, [...ledger.changes.fetches.values()]);
    await this.pulls.request(manager, [...ledger.changes.pulls.values()]);
    if (kind === 'needsFetch') await this.pending.askAgain(manager, fetch.subscriptionId);
    else await this.pending.finish(manager, fetch);
    return { kind };
  }

  private async openLedger(
    manager: EntityManager,
    { waiting, customers, known }: { waiting: Intake[]; customers: Customers; known: KnownCustomers },
    rules: Rules,
  ): Promise<Ledger> {
    const taken = await this.taken.find(manager, waiting);
    return this.ledgers.open(manager, { ...scopeOf(waiting, customers, known), objects: nothingFound, taken }, rules);
  }

  /** The thin event that asked waits, like any event of a customer whose user nobody knows; the mapping asks again. */
  private async keepHint(manager: EntityManager, fetch: FetchQuestion, customerId: string): Promise<FetchOutcome> {
    await this.hints.park(manager, fetch.causeId, customerId);
    await this.pending.finish(manager, fetch);
    return { kind: 'unknown_customer' };
  }
}

/** A fetch tells of a subscription only, and what waits has left its objects when it came. */
const nothingFound = { found: [], adopted: [] };

/** Our own metadata on the subscription names its user, as it does on an event. */
function learnFrom(snapshot: SubscriptionSnapshot, customerId: string, { users }: KnownCustomers): Customers {
  const { userId } = snapshot;
  if (users.has(customerId) || userId === null || snapshot.customerId !== customerId) return { users, learned: [] };
  return { users: new Map([[customerId, userId]]), learned: [{ customerId, userId, source: 'metadata' }] };
}

/**
 * One cause may have several subscriptions fetched, and one of them more than once: what each announces gets an id of its own, and
 * the same one whoever applies it.
 */
function effectOf({ subscriptionId }: FetchQuestion, { account }: AccountEntry, { at }: FetchedSubscription): string {
  return `fetch/${subscriptionId}/${account.version}/${at.toISOString()}`;
}

/**
 * A clock of Stripe's that runs behind its own events (a test clock's do) must not make the answer older than them. With no
 * clock at all it is as old as the subscription: whatever event comes is newer.
 */
function placeOf(
  { notBefore, seenState }: FetchQuestion,
  answeredAt: Date | null,
  createdAt: Date,
): Pick<FetchedSubscription, 'at' | 'seen'> {
  return { at: laterOf(answeredAt, notBefore) ?? createdAt, seen: seenState };
}

function laterOf(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
