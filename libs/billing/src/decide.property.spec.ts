import type { Tier } from '@billhook/contracts';
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { decide } from './decide.js';
import { noEvidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { planForPrice } from './plan-catalogue.js';
import { catalogue } from './rows.spec-support.js';
import type { FetchedSubscription, SubscriptionEvent } from './subscription-event.js';
import { at, toEvents, toSnapshot } from './stripe-history.spec-support.js';
import type { State, Step } from './stripe-history.spec-support.js';
import { toRow } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { tierFor } from './tier-policy.js';

const context = { userId: 'user_1', catalogue };

const anyState: fc.Arbitrary<State> = fc.record({
  status: fc.constantFrom('active', 'past_due', 'unpaid'),
  price: fc.constantFrom('price_pro_monthly', 'price_elite_monthly', 'price_legacy'),
  cancelAtPeriodEnd: fc.boolean(),
  note: fc.constantFrom('', 'x'),
});

interface Shape {
  created: State;
  updates: { state: State; pause: number }[];
  isDeleted: boolean;
}

/** Creation, up to six changes and perhaps an end. Where pauses may be 0, several fall into one second. */
function histories(pause: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  const updates = fc.array(fc.record({ state: anyState, pause }), { maxLength: 6 });
  return fc.record({ created: anyState, updates, isDeleted: fc.boolean() }).map(toSteps);
}

function toSteps({ created, updates, isDeleted }: Shape): Step[] {
  const steps: Step[] = [{ kind: 'created', second: 0, state: created }];
  for (const update of updates) {
    steps.push({ kind: 'updated', second: newestOf(steps).second + update.pause, state: update.state });
  }
  const last = newestOf(steps);
  if (isDeleted) steps.push({ kind: 'deleted', second: last.second, state: { ...last.state, status: 'canceled' } });
  return steps;
}

function newestOf(steps: Step[]): Step {
  const last = steps.at(-1);
  if (!last) throw new Error('a history has at least one step');
  return last;
}

interface Play {
  steps: Step[];
  /** Indexes of steps, each at least once: the order of delivery. */
  order: number[];
  /** For each delivery, how many steps Stripe is ahead of the newest one delivered, should we ask it then. */
  leads: number[];
}

function plays(pause: fc.Arbitrary<number>): fc.Arbitrary<Play> {
  return histories(pause).chain((steps) => {
    const indexes = steps.map((_, index) => index);
    const twice = fc.subarray(indexes).chain((again) => shuffled([...indexes, ...again]));
    const leads = fc.array(fc.nat({ max: 3 }), { minLength: 2 * steps.length, maxLength: 2 * steps.length });
    return fc.record({ steps: fc.constant(steps), order: twice, leads });
  });
}

function shuffled(indexes: number[]): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(indexes, { minLength: indexes.length });
}

/** All rows that a play goes through. A fetch is answered at once, by Stripe as it stands at that moment. */
function rowsOf(play: Play): SubscriptionRow[] {
  const events = toEvents(play.steps);
  const rows: SubscriptionRow[] = [];
  play.order.forEach((index, turn) => {
    const event = events[index];
    const newest = Math.max(...play.order.slice(0, turn + 1));
    const asked = play.steps[Math.min(newest + (play.leads[turn] ?? 0), play.steps.length - 1)];
    if (event && asked) take(rows, event, asked);
  });
  return rows;
}

function take(rows: SubscriptionRow[], event: SubscriptionEvent, asked: Step): void {
  const current = rows.at(-1) ?? null;
  const decision = decide(current, event, context);
  if (decision.kind === 'parked') throw new Error(`parked: ${decision.reason}`);
  if (decision.kind === 'needsFetch' && current) return take(rows, fetched(asked, current), asked);
  const row = decision.kind === 'needsFetch' ? null : decision.row;
  if (row) rows.push(row);
}

function fetched(step: Step, row: SubscriptionRow): FetchedSubscription {
  const answeredAt = at(step.second);
  const rank = answeredAt > row.order.at ? answeredAt : row.order.at;
  const snapshot = toSnapshot(step.state);
  return { kind: 'fetched', type: 'fetched', at: rank, snapshot, seen: row.order.state, unpaidSince: null };
}

/** A row without what it remembers of the way it came. */
function stateOf(row: SubscriptionRow): string {
  return JSON.stringify({ ...row, order: null, pastDue: null, lastUnderstood: null });
}

function truthOf(steps: Step[]): string {
  const last = newestOf(steps);
  const order = { at: at(last.second), kind: last.kind, state: '', startedFrom: null, events: [] };
  return stateOf(toRow(toSnapshot(last.state), { pastDue: null, lastUnderstood: null, order }, context));
}

function inOrder(play: Play): Play {
  return { ...play, order: play.steps.map((_, index) => index) };
}

function lastRow(play: Play): SubscriptionRow {
  const last = rowsOf(play).at(-1);
  if (!last) throw new Error('nothing was applied');
  return last;
}

const crowdedSeconds = fc.constantFrom(0, 0, 0, 1);
const separateSeconds = fc.constantFrom(1, 2);

describe('whatever the order and however often its events are delivered', () => {
  it('a history ends in what Stripe holds, though most of it falls into the same second', () => {
    const endsInTruth = (play: Play) => stateOf(lastRow(play)) === truthOf(play.steps);
    fc.assert(fc.property(plays(crowdedSeconds), endsInTruth), { numRuns: 1500 });
  });

  it('a history with a second for each event needs no fetch and ends exactly as in order, memory included', () => {
    const endsAlike = (play: Play) => {
      const [last, expected] = [lastRow(play), lastRow(inOrder(play))];
      if (rowsOf(play).some((row) => row.order.kind === 'fetched')) return false;
      return stateOf(last) === stateOf(expected) && JSON.stringify(last.pastDue) === JSON.stringify(expected.pastDue);
    };
    fc.assert(fc.property(plays(separateSeconds), endsAlike), { numRuns: 500 });
  });

  it('an ended subscription never comes back', () => {
    const staysEnded = (play: Play) => {
      const statuses = rowsOf(play).map((row) => row.status);
      const end = statuses.indexOf('canceled');
      return end === -1 || statuses.slice(end).every((status) => status === 'canceled');
    };
    fc.assert(fc.property(plays(crowdedSeconds), staysEnded), { numRuns: 500 });
  });

  it('there is never a tier that no event of the history justified', () => {
    const isJustified = (play: Play) => {
      const justified = new Set<Tier>([0, ...play.steps.map(tierOfStep)]);
      const tierOf = (row: SubscriptionRow) =>
        tierFor({ subscriptions: [row], evidence: noEvidence, now: row.order.at, graceDays: defaultGraceDays }).tier;
      return rowsOf(play).every((row) => justified.has(tierOf(row)));
    };
    fc.assert(fc.property(plays(crowdedSeconds), isJustified), { numRuns: 500 });
  });
});

function tierOfStep({ state }: Step): Tier {
  const plan = planForPrice(catalogue, state.price);
  const grants = state.status === 'active' || state.status === 'past_due';
  return grants && plan.kind === 'known' ? plan.tier : 0;
}
