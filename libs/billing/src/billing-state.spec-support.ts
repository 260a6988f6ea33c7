import type { Tier } from '@billhook/contracts';
import { decide } from './decide.js';
import { noEvidence } from './evidence.js';
import type { Evidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { objectsOf } from './objects-of.js';
import { catalogue } from './rows.spec-support.js';
import type { StripeFact } from './stripe-event.js';
import { keyOf, newerObject, toEvidence } from './stripe-object.js';
import type { StripeObject } from './stripe-object.js';
import type { FetchedSubscription, SubscriptionEvent } from './subscription-event.js';
import type { SubscriptionRow } from './subscription-row.js';
import { tierFor } from './tier-policy.js';
import type { TierDecision } from './tier-policy.js';

/** All that is known of one user, as a service keeps it. Values never change: each event makes the next. */
export interface BillingState {
  subscriptions: ReadonlyMap<string, SubscriptionRow>;
  objects: ReadonlyMap<string, StripeObject>;
  /** Made of the objects. */
  evidence: Evidence;
  /** The newest Stripe time that was seen. */
  newest: Date;
}

export const nothingKnown: BillingState = {
  subscriptions: new Map(),
  objects: new Map(),
  evidence: noEvidence,
  newest: new Date(0),
};

export interface Taken {
  fact: StripeFact;
  at: Date;
}

/** Stripe's answer when it is asked about a subscription, and the `Date` of that answer. */
export type AskStripe = (subscriptionId: string) => Answer | null;

export type Answer = Pick<FetchedSubscription, 'snapshot' | 'at' | 'unpaidSince'>;

const context = { userId: 'user_1', catalogue };

export function take(state: BillingState, { fact, at }: Taken, ask: AskStripe): BillingState {
  const known = takeObjects(state, objectsOf(fact, at));
  const next = { ...known, newest: at > state.newest ? at : state.newest };
  return fact.kind === 'subscription' ? takeSubscription(next, fact.event, ask) : next;
}

function takeObjects(state: BillingState, news: readonly StripeObject[]): BillingState {
  if (news.length === 0) return state;
  const objects = new Map(state.objects);
  for (const object of news) objects.set(keyOf(object), newerObject(objects.get(keyOf(object)) ?? null, object));
  return { ...state, objects, evidence: toEvidence(objects.values()) };
}

/** A fetched snapshot is never older than what the row knows, as the fetch worker sees to. */
export function takeFetched(state: BillingState, subscriptionId: string, ask: AskStripe): BillingState {
  const answer = ask(subscriptionId);
  if (answer === null) return state;
  const order = state.subscriptions.get(subscriptionId)?.order;
  const at = order !== undefined && order.at > answer.at ? order.at : answer.at;
  const event: FetchedSubscription = {
    kind: 'fetched',
    type: 'fetched',
    at,
    snapshot: answer.snapshot,
    unpaidSince: answer.unpaidSince,
    seen: order?.state ?? null,
  };
  return takeSubscription({ ...state, newest: at > state.newest ? at : state.newest }, event, ask);
}

function takeSubscription(state: BillingState, event: SubscriptionEvent, ask: AskStripe): BillingState {
  const { subscriptionId } = event.snapshot;
  const decision = decide(state.subscriptions.get(subscriptionId) ?? null, event, context);
  switch (decision.kind) {
    case 'applied':
    case 'ignored':
      if (decision.row === null) return state;
      return { ...state, subscriptions: new Map(state.subscriptions).set(subscriptionId, decision.row) };
    case 'needsFetch':
      return takeFetched(state, subscriptionId, ask);
    case 'parked':
      throw new Error(`parked: ${decision.reason}`);
    default:
      return decision satisfies never;
  }
}

export function decisionOn(state: BillingState, now = state.newest): TierDecision {
  const subscriptions = [...state.subscriptions.values()];
  return tierFor({ subscriptions, evidence: state.evidence, now, graceDays: defaultGraceDays });
}

export function tierOf(state: BillingState, now = state.newest): Tier {
  return decisionOn(state, now).tier;
}
