import type { Intake, Meaning } from './intake.js';
import type { KeptObject } from './kept-object.js';

/** Where we know a customer's user from. An announcement by the gateway, which owns the mapping, comes before metadata. */
export type LinkSource = 'announced' | 'metadata';

export interface CustomerLink {
  customerId: string;
  userId: string;
  source: LinkSource;
}

/** Customers under their locks, as they were before the batch. */
export interface KnownCustomers {
  /** The user of each customer that has one. */
  users: Map<string, string>;
  /** Those of the users whose account exists. */
  withAccount: ReadonlySet<string>;
  /** Customers that nobody had heard of: nothing can be waiting for them. */
  isNew: ReadonlySet<string>;
}

export interface Customers {
  /** The user of each known customer. */
  users: Map<string, string>;
  /** What this batch has taught us. */
  learned: CustomerLink[];
}

/**
 * Whose the customers of a batch are: known before, announced in it, or named by our own metadata in it. Learned before any
 * event is applied, so that it does not matter which of them comes first.
 */
export function learnCustomers(known: ReadonlyMap<string, string>, intakes: readonly Intake[]): Customers {
  const users = new Map(known);
  const learned: CustomerLink[] = [];
  for (const link of [...intakes.flatMap(announcedLink), ...intakes.flatMap(metadataLink)]) {
    if (users.has(link.customerId)) continue;
    users.set(link.customerId, link.userId);
    learned.push(link);
  }
  return { users, learned };
}

/** The customers whose rows a batch must lock. Events that billing does not use need none. */
export function customersToLock(intakes: readonly Intake[], adopted: readonly KeptObject[] = []): string[] {
  const objects = [...intakes.flatMap((intake) => intake.objects), ...adopted.map(({ object }) => object)];
  const named = intakes.flatMap(({ meaning }) => lockedCustomer(meaning) ?? []);
  return [...new Set([...named, ...objects.flatMap(({ customerId }) => customerId ?? [])])];
}

/** Apart from those of the objects that it tells of. */
function lockedCustomer(meaning: Meaning): string | null {
  switch (meaning.kind) {
    case 'customer_linked':
    case 'subscription':
    case 'checkout':
    case 'checkout_settled':
    case 'customer':
      return meaning.customerId;
    case 'payment':
    case 'action_required':
    case 'invoice_closed':
    case 'invoice_payment':
    case 'charge_refunded':
    case 'refund':
    case 'dispute':
    case 'schedule':
    case 'customer_deleted':
    case 'account_opened':
    case 'erasure':
    case 'subscription_hint':
    case 'events_not_made':
    case 'hint':
    case 'pull':
    case 'not_relevant':
    case 'unreadable':
      return null;
    default:
      return meaning satisfies never;
  }
}

function announcedLink({ meaning }: Intake): CustomerLink[] {
  if (meaning.kind !== 'customer_linked') return [];
  return [{ customerId: meaning.customerId, userId: meaning.userId, source: 'announced' }];
}

function metadataLink({ meaning }: Intake): CustomerLink[] {
  switch (meaning.kind) {
    case 'subscription':
    case 'payment':
    case 'action_required':
    case 'checkout':
    case 'checkout_settled':
    case 'customer': {
      const { customerId, userId } = meaning;
      return userId === null || customerId === null ? [] : [{ customerId, userId, source: 'metadata' }];
    }
    case 'invoice_closed':
    case 'invoice_payment':
    case 'charge_refunded':
    case 'refund':
    case 'dispute':
    case 'schedule':
    case 'customer_deleted':
    case 'account_opened':
    case 'erasure':
    case 'customer_linked':
    case 'subscription_hint':
    case 'events_not_made':
    case 'hint':
    case 'pull':
    case 'not_relevant':
    case 'unreadable':
      return [];
    default:
      return meaning satisfies never;
  }
}
