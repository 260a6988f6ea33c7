import type { DomainEvent, SubscriptionView } from '@billhook/contracts';
import { changeOf, eventsWith, hasSeen, isSameSecond, orderOf, placeChange } from './snapshot-order.js';
import type { FetchedSubscription, SubscriptionEvent } from './subscription-event.js';
import { toRow, toView } from './subscription-row.js';
import type { PastDue, RowContext, SubscriptionRow } from './subscription-row.js';
import { isTerminal } from './subscription-status.js';
import { understoodAfter, understoodFromPast } from './understood.js';

/** What one event does to one subscription. */
export type Decision =
  | { kind: 'applied'; row: SubscriptionRow; domainEvents: DomainEvent[] }
  /** `row` is set when the event, though late, taught the row something worth keeping. */
  | { kind: 'ignored'; reason: string; row: SubscriptionRow | null }
  /** Only Stripe can tell which came last: ask, then decide again with a `fetched` event. */
  | { kind: 'needsFetch'; reason: string }
  | { kind: 'parked'; reason: string };

/**
 * Order is decided, not hoped for: a newer snapshot wins, an ended subscription stays ended, and a tie within one second is
 * settled by what the events say of each other. Whatever order a history arrives in, the row ends the same.
 */
export function decide(current: SubscriptionRow | null, event: SubscriptionEvent, context: RowContext): Decision {
  if (current === null) return apply(null, event, context, startedFrom(event));
  if (current.customerId !== event.snapshot.customerId) return { kind: 'parked', reason: 'customer_changed' };
  const hasEnded = isTerminal(current.status);
  const ends = isTerminal(event.snapshot.status);
  if (hasEnded && !ends) return { kind: 'ignored', reason: 'subscription_has_ended', row: null };
  if (!hasEnded && ends) return apply(current, event, context, startedFrom(event));
  if (hasSeen(event, current.order)) return { kind: 'ignored', reason: 'event_already_seen', row: null };
  const placement = placeChange(changeOf(event), current.order);
  switch (placement.kind) {
    case 'newer':
      return apply(current, event, context, placement.startedFrom);
    case 'older':
      return {
        kind: 'ignored',
        reason: 'newer_state_known',
        row: learnFrom(current, event, context, placement.startedFrom),
      };
    case 'same':
      return {
        kind: 'ignored',
        reason: 'state_already_known',
        row: learnFrom(current, event, context, current.order.startedFrom),
      };
    case 'unclear':
      return { kind: 'needsFetch', reason: placement.reason };
    default:
      return placement satisfies never;
  }
}

function startedFrom(event: SubscriptionEvent): string | null {
  return event.kind === 'fetched' ? null : changeOf(event).before;
}

function apply(
  current: SubscriptionRow | null,
  event: SubscriptionEvent,
  context: RowContext,
  start: string | null,
): Decision {
  const memory = {
    pastDue: pastDueAfter(current, event),
    lastUnderstood: understoodAfter(current, event, context.catalogue),
    order: orderOf(event, start, current?.order ?? null),
  };
  const row = toRow(event.snapshot, memory, context);
  return { kind: 'applied', row, domainEvents: subscriptionEvents(current, row, event.type) };
}

function subscriptionEvents(current: SubscriptionRow | null, row: SubscriptionRow, reason: string): DomainEvent[] {
  const before = current === null ? null : toView(current);
  const after = toView(row);
  if (before !== null && isSameView(before, after)) return [];
  const data = { user_id: row.userId, subscription_id: row.subscriptionId, before, after, reason };
  if (after.is_canceled && before?.is_canceled !== true) return [{ type: 'billing.subscription.ended', data }];
  if (before === null) return [{ type: 'billing.subscription.started', data }];
  return [{ type: 'billing.subscription.changed', data }];
}

function isSameView(a: SubscriptionView, b: SubscriptionView): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function pastDueAfter(current: SubscriptionRow | null, event: SubscriptionEvent): PastDue | null {
  if (event.snapshot.status !== 'past_due') return null;
  if (entersPastDue(event)) return { since: event.at, isExact: true };
  const known = current?.pastDue ?? null;
  return event.kind === 'fetched' ? pastDueAsAnswered(known, event) : (known ?? { since: event.at, isExact: false });
}

/**
 * It cannot have been past due before the invoice that nobody has paid: what is remembered of a time before is of another failure,
 * whose end no event has told of.
 */
function pastDueAsAnswered(known: PastDue | null, { unpaidSince, at }: FetchedSubscription): PastDue {
  if (unpaidSince === null) return known ?? { since: at, isExact: false };
  // An invoice that is not due yet is not what it failed at.
  const since = unpaidSince < at ? unpaidSince : at;
  return known?.isExact === true && known.since >= since ? known : { since, isExact: true };
}

function entersPastDue(event: SubscriptionEvent): boolean {
  if (event.kind === 'fetched' || event.before === null) return false;
  return event.snapshot.status === 'past_due' && event.before.status !== 'past_due';
}

/**
 * A late event cannot change the state, but it may tell when past due began, what we last understood, and where a second
 * started.
 */
function learnFrom(
  current: SubscriptionRow,
  event: SubscriptionEvent,
  context: RowContext,
  startedFrom: string | null,
): SubscriptionRow | null {
  const pastDue = current.pastDue === null ? null : earlierPastDue(current.pastDue, event);
  const lastUnderstood = understoodFromPast(current, event, context.catalogue);
  const events = isSameSecond(event, current.order) ? eventsWith(event, current.order) : current.order.events;
  const isOrderAsBefore = startedFrom === current.order.startedFrom && events === current.order.events;
  const isMemoryAsBefore = pastDue === current.pastDue && lastUnderstood === current.lastUnderstood;
  if (isOrderAsBefore && isMemoryAsBefore) return null;
  return { ...current, pastDue, lastUnderstood, order: { ...current.order, startedFrom, events } };
}

function earlierPastDue(known: PastDue, event: SubscriptionEvent): PastDue {
  if (event.snapshot.status !== 'past_due') return known;
  if (entersPastDue(event))
    return !known.isExact || event.at > known.since ? { since: event.at, isExact: true } : known;
  return !known.isExact && event.at < known.since ? { since: event.at, isExact: false } : known;
}
