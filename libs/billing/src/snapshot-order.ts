import type { LifecycleKind, SubscriptionEvent } from './subscription-event.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

/** What a row remembers of the snapshot it holds, so that the next one can be placed before or after it. */
export interface SnapshotOrder {
  at: Date;
  kind: LifecycleKind;
  /** Fingerprint of the snapshot. */
  state: string;
  /** Fingerprint of the state before the first change known within the second `at`; null where that cannot be told. */
  startedFrom: string | null;
  /** Ids of the events of the second `at` that went into it: repeating one is no news, though its change might fit again. */
  events: readonly string[];
}

/** Where an event stands against a row. `older` still tells the row from what state its second started. */
export type Placement =
  | { kind: 'newer'; startedFrom: string | null }
  | { kind: 'older'; startedFrom: string | null }
  | { kind: 'same' }
  | { kind: 'unclear'; reason: string };

/** An event in fingerprints. For a fetch, `before` is the state that the row had when the fetch began. */
interface Change {
  at: Date;
  kind: LifecycleKind;
  state: string;
  before: string | null;
}

/** Snapshots never change, and one decision asks for the fingerprint of the same one several times. */
const fingerprints = new WeakMap<SubscriptionSnapshot, string>();

/** Equal for equal snapshots: every snapshot is built by one function, so its keys always come in the same order. */
export function fingerprint(snapshot: SubscriptionSnapshot): string {
  const known = fingerprints.get(snapshot);
  if (known !== undefined) return known;
  const written = JSON.stringify(snapshot);
  fingerprints.set(snapshot, written);
  return written;
}

export function orderOf(
  event: SubscriptionEvent,
  startedFrom: string | null,
  current: SnapshotOrder | null,
): SnapshotOrder {
  const { at, kind, snapshot } = event;
  return { at, kind, state: fingerprint(snapshot), startedFrom, events: eventsWith(event, current) };
}

/** The events of the row's second, this one included. An event of another second begins a list of its own, or none. */
export function eventsWith(event: SubscriptionEvent, current: SnapshotOrder | null): readonly string[] {
  if (event.kind === 'fetched') return [];
  if (current === null || !isSameSecond(event, current)) return [event.id];
  return hasSeen(event, current) ? current.events : [...current.events, event.id];
}

export function isSameSecond(event: SubscriptionEvent, current: SnapshotOrder): boolean {
  return event.at.getTime() === current.at.getTime();
}

export function hasSeen(event: SubscriptionEvent, current: SnapshotOrder): boolean {
  return event.kind !== 'fetched' && current.events.includes(event.id);
}

export function changeOf(event: SubscriptionEvent): Change {
  return { at: event.at, kind: event.kind, state: fingerprint(event.snapshot), before: stateBefore(event) };
}

function stateBefore(event: SubscriptionEvent): string | null {
  if (event.kind === 'fetched') return event.seen;
  return event.before === null ? null : fingerprint(event.before);
}

/**
 * An answer is dated when Stripe sends it and tells what Stripe had read before: a change in between is dated earlier than an
 * answer that does not know of it. Between the two lies no more than Stripe's client waits for one try (4.5 s), in whole seconds.
 */
const answeringMs = 5_000;

/**
 * Stripe's `created` counts whole seconds and deliveries come in any order, so two snapshots of one second need more than a
 * clock: first the lifecycle, then `previous_attributes`.
 */
export function placeChange(change: Change, current: SnapshotOrder): Placement {
  if (change.kind === 'fetched') return placeFetched(change, current);
  if (current.kind === 'fetched') return placeAfterFetch(change, current);
  const difference = change.at.getTime() - current.at.getTime();
  if (difference > 0) return { kind: 'newer', startedFrom: change.before };
  if (difference < 0) return { kind: 'older', startedFrom: current.startedFrom };
  const rank = lifecycleRank(change.kind) - lifecycleRank(current.kind);
  if (rank > 0) return { kind: 'newer', startedFrom: change.before };
  if (rank < 0) return { kind: 'older', startedFrom: current.startedFrom };
  return change.kind === 'updated' ? placeInChain(change, current) : placeTwin(change, current);
}

/**
 * A fetch was asked for after all the row knew, so it stands after the row as long as the row has not moved meanwhile. If it has,
 * by what is older than Stripe's reading can be, it does so too.
 */
function placeFetched(change: Change, current: SnapshotOrder): Placement {
  const difference = change.at.getTime() - current.at.getTime();
  if (difference < 0) return { kind: 'older', startedFrom: current.startedFrom };
  if (change.before === current.state || difference > answeringMs) return { kind: 'newer', startedFrom: null };
  return { kind: 'unclear', reason: 'changed_while_fetching' };
}

/** An event of the seconds in which we fetched may or may not be part of what we fetched. */
function placeAfterFetch(change: Change, current: SnapshotOrder): Placement {
  const difference = change.at.getTime() - current.at.getTime();
  if (difference > 0) return { kind: 'newer', startedFrom: change.before };
  if (change.kind === 'created' || difference < -answeringMs)
    return { kind: 'older', startedFrom: current.startedFrom };
  if (change.state === current.state) return { kind: 'same' };
  return { kind: 'unclear', reason: difference === 0 ? 'same_second_as_a_fetch' : 'shortly_before_an_answer' };
}

/** A subscription is created once and deleted once. */
function placeTwin(change: Change, current: SnapshotOrder): Placement {
  if (change.state === current.state) return { kind: 'same' };
  return { kind: 'unclear', reason: `two_${change.kind}_in_one_second` };
}

/**
 * The changes of one second form a walk from state to state. A row holds one unbroken stretch of it: `startedFrom` … `state`.
 * A change that leads on from the stretch's end is newer, one that leads up to its start is older. One that does both closes a
 * circle, in which any change could have been the last; one that does neither leaves a gap. Only Stripe can settle those two.
 *
 * Why this ends in the truth: each event is used once (`events`), at one end of the stretch or the other. Once all are used,
 * the stretch is a walk over the same changes as Stripe's, and unless it is a circle, all such walks end in the same state.
 */
function placeInChain(change: Change, current: SnapshotOrder): Placement {
  if (change.before === null || current.startedFrom === null)
    return { kind: 'unclear', reason: 'previous_state_unknown' };
  const leadsOn = change.before === current.state;
  const leadsUp = change.state === current.startedFrom;
  if (leadsOn && change.state === current.state) return { kind: 'same' };
  if (leadsOn && !leadsUp) return { kind: 'newer', startedFrom: current.startedFrom };
  if (leadsUp && !leadsOn) return { kind: 'older', startedFrom: change.before };
  return { kind: 'unclear', reason: leadsOn ? 'circle_in_one_second' : 'gap_in_one_second' };
}

function lifecycleRank(kind: 'created' | 'updated' | 'deleted'): number {
  switch (kind) {
    case 'created':
      return 0;
    case 'updated':
      return 1;
    case 'deleted':
      return 2;
    default:
      return kind satisfies never;
  }
}
