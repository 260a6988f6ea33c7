import type { GraceDays, PlanCatalogue, SubscriptionRow } from '@billhook/billing';
import type { Account, DomainEvent } from '@billhook/contracts';
import type { OutboxEvent } from '@billhook/messaging';
import type { ErasureRequest } from '../erasure/erasures.store.js';
import type { KeptObjects } from './objects.js';

export interface AccountEntry {
  account: Account;
  newestStripeTime: Date | null;
  /** The subscriptions that were announced last as running beside one another. */
  duplicatesTold: readonly string[];
}

export interface Payment {
  invoiceId: string;
  outcome: 'succeeded' | 'failed' | 'action_required';
  /** Stripe's count of tries; 0 for the payment itself. */
  attempt: number;
  eventId: string;
  userId: string;
  customerId: string;
  subscriptionId: string | null;
  amount: number;
  currency: string;
  occurredAt: Date;
}

export interface FetchRequest {
  subscriptionId: string;
  /** Null where only Stripe's answer will tell. */
  customerId: string | null;
  reason: string;
  causeId: string;
  /** When what the answer must not be older than happened: whole seconds, as Stripe counts. */
  at: Date;
  /** Set where nobody waits for the answer: everything else is asked first. */
  background?: {
    /** Not before so many seconds from now, so that what is asked all at once leaves room for what is due meanwhile. */
    afterSeconds: number;
  };
}

/** A Checkout session, or a user, whose subscriptions Stripe is to be asked about; or everything, by a sweep. */
export interface PullRequest {
  kind: 'session' | 'user' | 'everything';
  id: string;
  causeId: string;
}

/**
 * All that a batch may touch, read under its users' locks. Applying an event changes it in memory; the store then writes back
 * what changed, so that a batch costs a fixed number of statements.
 */
export interface Ledger {
  /** The user of each known customer. */
  users: ReadonlyMap<string, string>;
  /** Events that were taken before, or come with this batch: whoever else tells of them tells no news. */
  taken: ReadonlySet<string>;
  /** Customers whose user this batch has taught us. */
  learned: ReadonlySet<string>;
  accounts: Map<string, AccountEntry>;
  subscriptions: Map<string, SubscriptionRow>;
  /** The same rows by user: an event must not cost a walk over the whole batch. */
  byUser: Map<string, Map<string, SubscriptionRow>>;
  /** Keys of the payments that are recorded already. */
  payments: Set<string>;
  objects: KeptObjects;
  changes: Changes;
}

export interface Changes {
  accounts: Set<string>;
  subscriptions: Set<string>;
  payments: Payment[];
  /** Their keys. */
  objects: Set<string>;
  fetches: Map<string, FetchRequest>;
  /** By kind and id. */
  pulls: Map<string, PullRequest>;
  erasures: ErasureRequest[];
  announcements: OutboxEvent[];
}

export interface Rules {
  catalogue: PlanCatalogue;
  graceDays: GraceDays;
  now: Date;
}

/** What led to a change: an event, or the fetch that an event asked for. */
export interface Cause {
  id: string;
  /** Which fetch it was: one event may ask for several, and each may announce something. Or which replay of the event. */
  effect?: string | undefined;
  at: Date;
  requestId?: string | undefined;
}

export function noChanges(): Changes {
  return {
    accounts: new Set(),
    subscriptions: new Set(),
    payments: [],
    objects: new Set(),
    fetches: new Map(),
    pulls: new Map(),
    erasures: [],
    announcements: [],
  };
}

export function accountOf(ledger: Ledger, userId: string): AccountEntry {
  const entry = ledger.accounts.get(userId);
  if (entry === undefined) throw new Error('the account of this user was not locked');
  return entry;
}

export function subscriptionsOf(ledger: Ledger, userId: string): SubscriptionRow[] {
  return [...(ledger.byUser.get(userId)?.values() ?? [])];
}

export function saveAccount(ledger: Ledger, entry: AccountEntry): void {
  ledger.accounts.set(entry.account.user_id, entry);
  ledger.changes.accounts.add(entry.account.user_id);
}

export function saveSubscription(ledger: Ledger, row: SubscriptionRow): void {
  putSubscription(ledger, row);
  ledger.changes.subscriptions.add(row.subscriptionId);
}

/** As it was read: nothing to write back. */
export function putSubscription(ledger: Pick<Ledger, 'subscriptions' | 'byUser'>, row: SubscriptionRow): void {
  const ofUser = ledger.byUser.get(row.userId) ?? new Map<string, SubscriptionRow>();
  ledger.byUser.set(row.userId, ofUser.set(row.subscriptionId, row));
  ledger.subscriptions.set(row.subscriptionId, row);
}

export function paymentKey({
  invoiceId,
  outcome,
  attempt,
}: Pick<Payment, 'invoiceId' | 'outcome' | 'attempt'>): string {
  return `${invoiceId} ${outcome} ${attempt}`;
}

export function savePayment(ledger: Ledger, payment: Payment): void {
  ledger.payments.add(paymentKey(payment));
  ledger.changes.payments.push(payment);
}

/** Once for all events of the batch that ask for the same subscription, with the most that any of them knows. */
export function askStripe(ledger: Ledger, request: FetchRequest): void {
  const { fetches } = ledger.changes;
  const asked = fetches.get(request.subscriptionId);
  const customerId = request.customerId ?? asked?.customerId ?? null;
  const at = asked !== undefined && asked.at > request.at ? asked.at : request.at;
  fetches.set(request.subscriptionId, { ...request, customerId, at });
}

export function askForPull(ledger: Ledger, request: PullRequest): void {
  ledger.changes.pulls.set(`${request.kind} ${request.id}`, request);
}

/** To be published with the batch. The subject is the user, so that a user's events leave in the order of their commits. */
export function announce(ledger: Ledger, userId: string, cause: Cause, domainEvents: readonly DomainEvent[]): void {
  const { id: causeId, effect, at, requestId } = cause;
  for (const event of domainEvents) {
    ledger.changes.announcements.push({
      event,
      causeId,
      effect,
      subject: userId,
      at,
      ...(requestId !== undefined && { requestId }),
    });
  }
}
