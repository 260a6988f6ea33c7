import type { Tier } from '@billhook/contracts';
import { started } from '@billhook/testing';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { nothingKnown, take, tierOf } from './billing-state.spec-support.js';
import type { AskStripe, BillingState } from './billing-state.spec-support.js';
import { catalogue } from './rows.spec-support.js';
import type { StripeFact } from './stripe-event.js';
import { actionKinds, StripeModel } from './stripe-model.spec-support.js';
import type { Action } from './stripe-model.spec-support.js';
import { decidingPlan } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';
import { isUnderstood } from './understood.js';

const anAction: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(...actionKinds),
  of: fc.constantFrom('sub_1', 'sub_1', 'sub_1', 'sub_2'),
  after: fc.constantFrom(0, 0, 1, 3600, 86_400, 2 * 86_400),
});

export interface Lifecycle {
  begins: Action['kind'];
  actions: readonly Action[];
  seed: number;
}

/** Most begin with something to happen to; the seed is for everything that may befall their events. */
export const aLifecycle: fc.Arbitrary<Lifecycle> = fc.record({
  begins: fc.constantFrom<Action['kind']>('subscribe', 'startTrial'),
  actions: fc.array(anAction, { minLength: 1, maxLength: 14 }),
  seed: fc.integer(),
});

export function modelOf(lifecycle: Lifecycle): StripeModel {
  const model = new StripeModel(started);
  model.run(actionsOf(lifecycle));
  return model;
}

export function actionsOf({ begins, actions }: Lifecycle): Action[] {
  return [{ kind: begins, of: 'sub_1', after: 0 }, ...actions];
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Chance = () => number;

export function inOrder(model: StripeModel): number[] {
  return model.events.map((_, index) => index);
}

export function shuffled(indexes: readonly number[], chance: Chance): number[] {
  const keyed = indexes.map((index) => ({ index, key: chance() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ index }) => index);
}

export function withRepeats(indexes: readonly number[], chance: Chance): number[] {
  return shuffled([...indexes, ...indexes.filter(() => chance() < 0.3)], chance);
}

/** What comes to each of several replicas, one in five deliveries again to another one. */
export function queuesOf(indexes: readonly number[], replicas: number, chance: Chance): number[][] {
  const queues = Array.from({ length: replicas }, (): number[] => []);
  for (const index of indexes) {
    queues[Math.floor(chance() * replicas)]?.push(index);
    if (chance() < 0.2) queues[Math.floor(chance() * replicas)]?.push(index);
  }
  return queues;
}

/** Three replicas, each in its own order of arrival and at its own pace. */
export function overReplicas(indexes: readonly number[], chance: Chance): number[] {
  const queues = queuesOf(indexes, 3, chance);
  const merged: number[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const next = queues[Math.floor(chance() * 3)]?.shift();
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

export interface Play {
  states: BillingState[];
  hasFetched: boolean;
  /** Whether no state granted a tier that nothing had told of by then. */
  isJustified: boolean;
}

/** A tier that Stripe says somebody has: of a plan that is known, in a status that grants one. */
export function tierSaid({ status, items }: SubscriptionSnapshot): Tier {
  const tier = decidingPlan(items, catalogue)?.tier ?? 0;
  return ['active', 'trialing', 'past_due'].includes(status) ? tier : 0;
}

/** What it was right before counts too: that is what a customer keeps where the event itself is not understood. */
function tiersSaid(fact: StripeFact): Tier[] {
  if (fact.kind !== 'subscription') return [];
  const { snapshot, before } = fact.event;
  return [tierSaid(snapshot), ...(before === null ? [] : [tierSaid(before)])];
}

/** Stripe is asked while an event is taken: it stands where the newest delivered event left it, or up to three events ahead. */
export function play(model: StripeModel, order: readonly number[], chance: Chance): Play {
  const result: Play = { states: [nothingKnown], hasFetched: false, isJustified: true };
  const said = new Set<Tier>([0]);
  let newest = 0;
  for (const index of order) {
    const event = model.events[index];
    newest = Math.max(newest, index);
    const asked = Math.min(newest + Math.floor(chance() * 4), model.events.length - 1);
    const ask: AskStripe = (id) => {
      result.hasFetched = true;
      const answer = model.askedAfter(asked, id);
      if (answer !== null) said.add(tierSaid(answer.snapshot));
      return answer;
    };
    if (event === undefined) continue;
    for (const tier of tiersSaid(event.fact)) said.add(tier);
    const state = take(endOf(result), { fact: event.fact, at: new Date(event.second * 1000) }, ask);
    result.states.push(state);
    result.isJustified &&= said.has(tierOf(state));
  }
  return result;
}

export function endOf({ states }: Play): BillingState {
  const last = states.at(-1);
  if (last === undefined) throw new Error('a play begins with a state');
  return last;
}

/**
 * Rows without what they remember of the way they came, and money without when it was heard of. `suffix` is what the ids of this
 * state end in beyond those of others.
 */
export function stateText(state: BillingState, suffix = ''): string {
  return writtenBy(textOf, state, suffix);
}

function writtenBy(write: (value: unknown) => string, state: BillingState, suffix: string): string {
  const rows = [...state.subscriptions.values()].map((row) => ({ ...row, order: 0, pastDue: 0, lastUnderstood: 0 }));
  const { invoices, invoicePayments, refunds, disputes, deletedCustomerIds } = state.evidence;
  const plain = (text: string) => (suffix === '' ? text : text.replaceAll(suffix, ''));
  const money = [invoices, invoicePayments, refunds, disputes].map((list) =>
    list.map((row) => plain(write({ ...row, at: 0 }))).toSorted(),
  );
  return plain(write([rows.toSorted(byId), money, deletedCustomerIds]));
}

/** Names nearly always come in one order, and to bring them into it was half of what a long run cost. */
function isSameState(a: BillingState, b: BillingState): boolean {
  return writtenBy(JSON.stringify, a, '') === writtenBy(JSON.stringify, b, '') || stateText(a) === stateText(b);
}

/** Whatever the order of its names: what was read from a database has another one. */
function textOf(value: unknown): string {
  return canonicalize(value) ?? '';
}

function byId(a: Pick<SubscriptionRow, 'subscriptionId'>, b: Pick<SubscriptionRow, 'subscriptionId'>): number {
  return a.subscriptionId < b.subscriptionId ? -1 : 1;
}

/**
 * What a subscription was before a price that nobody knows is told by events alone: whoever missed one, or saw Stripe's later
 * answer first, may know less. Then the rows are the same, and the tier kept may differ.
 */
function goesByMemory(state: BillingState): boolean {
  return [...state.subscriptions.values()].some((row) => !isUnderstood(row));
}

export function endsLike(
  model: StripeModel,
  state: BillingState,
  expected: BillingState,
  isMemoryWhole: boolean,
): boolean {
  return isSameState(state, expected) && endsOnTierOf(model, state, expected, isMemoryWhole);
}

export function endsOnTierOf(
  model: StripeModel,
  state: BillingState,
  expected: BillingState,
  isMemoryWhole: boolean,
): boolean {
  if (!isMemoryWhole && goesByMemory(expected)) return true;
  const end = new Date((model.events.at(-1)?.second ?? started) * 1000);
  return tierOf(lookedAt(state, end), end) === tierOf(lookedAt(expected, end), end);
}

/** Once Stripe has answered that what is past due still is: the end of a grace waits for it, and some have asked already. */
function lookedAt(state: BillingState, at: Date): BillingState {
  const rows = [...state.subscriptions].map(([id, row]): [string, SubscriptionRow] =>
    row.status === 'past_due' ? [id, { ...row, order: { ...row.order, at } }] : [id, row],
  );
  return { ...state, subscriptions: new Map(rows) };
}
