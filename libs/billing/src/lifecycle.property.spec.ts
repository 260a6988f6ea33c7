import type { Tier } from '@billhook/contracts';
import { started } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nothingKnown, take, takeFetched, tierOf } from './billing-state.spec-support.js';
import type { AskStripe, BillingState } from './billing-state.spec-support.js';
import { decidingPlan } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { catalogue } from './rows.spec-support.js';
import { actionKinds, StripeModel } from './stripe-model.spec-support.js';
import type { Action } from './stripe-model.spec-support.js';
import { isUnderstood } from './understood.js';

/** `make test-soak` runs a million, in pieces with a seed each. */
const lifecycles = Number(process.env['LIFECYCLES'] ?? 10_000);
const seed = process.env['LIFECYCLES_SEED'];
const runs = { numRuns: lifecycles, ...(seed !== undefined && { seed: Number(seed) }) };

const anAction: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(...actionKinds),
  of: fc.constantFrom('sub_1', 'sub_1', 'sub_1', 'sub_2'),
  after: fc.constantFrom(0, 0, 1, 3600, 86_400, 2 * 86_400),
});

/** Most begin with something to happen to; the seed is for everything that may befall their events. */
const aLifecycle = fc.record({
  begins: fc.constantFrom<Action['kind']>('subscribe', 'startTrial'),
  actions: fc.array(anAction, { minLength: 1, maxLength: 14 }),
  seed: fc.integer(),
});

function modelOf({ begins, actions }: { begins: Action['kind']; actions: readonly Action[] }): StripeModel {
  const model = new StripeModel(started);
  model.run([{ kind: begins, of: 'sub_1', after: 0 }, ...actions]);
  return model;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Chance = () => number;

function inOrder(model: StripeModel): number[] {
  return model.events.map((_, index) => index);
}

function shuffled(indexes: readonly number[], chance: Chance): number[] {
  const keyed = indexes.map((index) => ({ index, key: chance() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ index }) => index);
}

function withRepeats(indexes: readonly number[], chance: Chance): number[] {
  return shuffled([...indexes, ...indexes.filter(() => chance() < 0.3)], chance);
}

/** Three replicas, each in its own order of arrival and at its own pace; one in five deliveries comes to another one again. */
function overReplicas(indexes: readonly number[], chance: Chance): number[] {
  const queues: number[][] = [[], [], []];
  for (const index of indexes) {
    queues[Math.floor(chance() * 3)]?.push(index);
    if (chance() < 0.2) queues[Math.floor(chance() * 3)]?.push(index);
  }
  const merged: number[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const next = queues[Math.floor(chance() * 3)]?.shift();
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

interface Play {
  states: BillingState[];
  hasFetched: boolean;
}

/** Stripe is asked while an event is taken: it stands where the newest delivered event left it, or up to three events ahead. */
function play(model: StripeModel, order: readonly number[], chance: Chance): Play {
  const result: Play = { states: [nothingKnown], hasFetched: false };
  let newest = 0;
  for (const index of order) {
    const event = model.events[index];
    newest = Math.max(newest, index);
    const asked = Math.min(newest + Math.floor(chance() * 4), model.events.length - 1);
    const ask: AskStripe = (id) => {
      result.hasFetched = true;
      return model.askedAfter(asked, id);
    };
    if (event) result.states.push(take(endOf(result), { fact: event.fact, at: new Date(event.second * 1000) }, ask));
  }
  return result;
}

function endOf({ states }: Play): BillingState {
  const last = states.at(-1);
  if (last === undefined) throw new Error('a play begins with a state');
  return last;
}

/** As reconcile does: everything is looked up as it stands at the end. */
function reconciled(model: StripeModel, state: BillingState): BillingState {
  const last = model.events.length - 1;
  const ask: AskStripe = (id) => model.askedAfter(last, id);
  const at = new Date((model.events[last]?.second ?? started) * 1000);
  const known = model.swept().reduce((next, fact) => take(next, { fact, at }, ask), state);
  return model.subscriptionIds.reduce((next, id) => takeFetched(next, id, ask), known);
}

/** Rows without what they remember of the way they came, and money without when it was heard of. */
function stateText(state: BillingState): string {
  const rows = [...state.subscriptions.values()].map((row) => ({ ...row, order: 0, pastDue: 0, lastUnderstood: 0 }));
  const { invoices, invoicePayments, refunds, disputes, deletedCustomerIds } = state.evidence;
  const money = [invoices, invoicePayments, refunds, disputes].map((list) =>
    list.map((row) => JSON.stringify({ ...row, at: 0 })).toSorted(),
  );
  return JSON.stringify([rows.toSorted(byId), money, deletedCustomerIds]);
}

function byId(a: Pick<SubscriptionRow, 'subscriptionId'>, b: Pick<SubscriptionRow, 'subscriptionId'>): number {
  return a.subscriptionId < b.subscriptionId ? -1 : 1;
}

/**
 * Since when it is past due, and what it was before a price that nobody knows, is told by events alone: whoever missed one, or saw
 * Stripe's later answer first, may know less. Then the rows are the same, and how long a tier is kept may differ.
 */
function goesByMemory(state: BillingState): boolean {
  return [...state.subscriptions.values()].some((row) => row.status === 'past_due' || !isUnderstood(row));
}

function endsLike(model: StripeModel, state: BillingState, expected: BillingState, isMemoryWhole: boolean): boolean {
  if (stateText(state) !== stateText(expected)) return false;
  if (!isMemoryWhole && goesByMemory(expected)) return true;
  const end = new Date((model.events.at(-1)?.second ?? started) * 1000);
  return tierOf(state, end) === tierOf(expected, end);
}

/** What some event of the lifecycle said that a customer had: no moment may grant anything else. */
function justifiedTiers(model: StripeModel): ReadonlySet<Tier> {
  const said = model.events.flatMap(({ fact }): Tier[] => {
    if (fact.kind !== 'subscription') return [];
    const { status, items } = fact.event.snapshot;
    const tier = decidingPlan(items, catalogue)?.tier;
    return tier !== undefined && ['active', 'trialing', 'past_due'].includes(status) ? [tier] : [];
  });
  return new Set<Tier>([0, ...said]);
}

describe(`${lifecycles} lifecycles of Stripe's customers (out-of-order or same-second webhooks regress state)`, () => {
  it(
    'end as they do in order: shuffled, repeated, over replicas, or with events missing and reconciled, and grant nothing unjustified',
    () => {
      const converges = (lifecycle: { begins: Action['kind']; actions: readonly Action[]; seed: number }) => {
        const model = modelOf(lifecycle);
        const chance = chanceOf(lifecycle.seed);
        const indexes = inOrder(model);
        const told = play(model, indexes, () => 0);
        const plays = [
          play(model, withRepeats(indexes, chance), chance),
          play(model, overReplicas(indexes, chance), chance),
        ];
        const lossy = play(
          model,
          withRepeats(
            indexes.filter(() => chance() < 0.6),
            chance,
          ),
          chance,
        );
        const mended = reconciled(model, endOf(lossy));
        const justified = justifiedTiers(model);
        return (
          plays.every((each) => endsLike(model, endOf(each), endOf(told), !each.hasFetched && !told.hasFetched)) &&
          endsLike(model, mended, endOf(told), false) &&
          [told, ...plays, lossy].every(({ states }) => states.every((state) => justified.has(tierOf(state)))) &&
          justified.has(tierOf(mended))
        );
      };
      fc.assert(fc.property(aLifecycle, converges), runs);
    },
    Math.max(60_000, lifecycles * 20),
  );

  it('reach everything that the model can do', () => {
    const seen = new Set<string>();
    const note = (lifecycle: { begins: Action['kind']; actions: readonly Action[] }) => {
      for (const { type } of modelOf(lifecycle).events) seen.add(type);
    };
    fc.assert(fc.property(aLifecycle, note), { numRuns: 1000 });
    expect([...seen].toSorted()).toEqual([
      'charge.dispute.closed',
      'charge.dispute.created',
      'charge.dispute.updated',
      'charge.refunded',
      'customer.deleted',
      'customer.subscription.created',
      'customer.subscription.deleted',
      'customer.subscription.updated',
      'invoice.paid',
      'invoice.payment_failed',
      'invoice_payment.paid',
      'refund.created',
      'refund.failed',
    ]);
  });
});
