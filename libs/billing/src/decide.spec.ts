import { parseDomainEvent } from '@billhook/contracts';
import { describe, expect, it, test } from '@jest/globals';
import { decide } from './decide.js';
import type { Decision } from './decide.js';
import { catalogue } from './rows.spec-support.js';
import { fingerprint } from './snapshot-order.js';
import type { SubscriptionEvent } from './subscription-event.js';
import { at, toEvents, toSnapshot } from './stripe-history.spec-support.js';
import type { State, Step } from './stripe-history.spec-support.js';
import type { SubscriptionRow } from './subscription-row.js';

const context = { userId: 'user_1', catalogue };
const pro: State = { status: 'active', price: 'price_pro_monthly', cancelAtPeriodEnd: false, note: '' };
const ending: State = { ...pro, cancelAtPeriodEnd: true };
const elite: State = { ...pro, price: 'price_elite_monthly' };
const pastDue: State = { ...pro, status: 'past_due' };
const canceled: State = { ...ending, status: 'canceled' };

/** Events one after the other, each decided on the row that the ones before left. */
function run(events: readonly SubscriptionEvent[]): { row: SubscriptionRow | null; decisions: Decision[] } {
  let row: SubscriptionRow | null = null;
  const decisions: Decision[] = [];
  for (const event of events) {
    const decision = decide(row, event, context);
    decisions.push(decision);
    if (decision.kind === 'applied' || decision.kind === 'ignored') row = decision.row ?? row;
  }
  return { row, decisions };
}

function history(...steps: [Step['kind'], number, State][]): SubscriptionEvent[] {
  return toEvents(steps.map(([kind, second, state]) => ({ kind, second, state })));
}

/** The events of a history in another order of delivery. */
function delivered(events: SubscriptionEvent[], ...order: number[]): SubscriptionEvent[] {
  return order.flatMap((index) => events[index] ?? []);
}

function lastOf(decisions: Decision[]): Decision {
  const last = decisions.at(-1);
  if (!last) throw new Error('nothing was decided');
  return last;
}

function fetched(state: State, second: number, seen: State, unpaidSince: Date | null = null): SubscriptionEvent {
  const snapshot = toSnapshot(state);
  const place = { at: at(second), seen: fingerprint(toSnapshot(seen)) };
  return { kind: 'fetched', type: 'fetched', snapshot, unpaidSince, ...place };
}

describe('a subscription on which nothing is bought', () => {
  it('is of Free, which is no price that nobody knows', () => {
    const [begun] = history(['created', 0, pro]);
    const asked = fetched(pro, 9, pro);
    const emptied = { ...asked, snapshot: { ...asked.snapshot, items: [] } };
    const { row } = run(begun === undefined ? [] : [begun, emptied]);
    expect(row).toMatchObject({ status: 'active', tier: 0, billingCycle: null, priceId: null, lastUnderstood: null });
  });
});

describe('events in order', () => {
  it('start, change and end a subscription, and say so in events that fit their contracts', () => {
    const { row, decisions } = run(history(['created', 0, pro], ['updated', 5, ending], ['deleted', 9, canceled]));
    expect(row).toMatchObject({ status: 'canceled', tier: 1, userId: 'user_1', priceId: 'price_pro_monthly' });
    const domainEvents = decisions.flatMap((decision) => (decision.kind === 'applied' ? decision.domainEvents : []));
    expect(domainEvents.map((event) => event.type)).toEqual([
      'billing.subscription.started',
      'billing.subscription.changed',
      'billing.subscription.ended',
    ]);
    for (const event of domainEvents) {
      expect(parseDomainEvent(event.type, JSON.stringify(event.data))).toEqual({ ok: true, data: event.data });
    }
  });

  it('that change nothing of ours are kept as the newest state but say nothing', () => {
    const { decisions } = run(history(['created', 0, pro], ['updated', 5, { ...pro, note: 'x' }]));
    expect(lastOf(decisions)).toMatchObject({ kind: 'applied', domainEvents: [] });
  });
});

describe('events out of order', () => {
  const events = history(['created', 0, pro], ['updated', 5, ending], ['deleted', 9, canceled]);

  it('deleted before created: the subscription stays ended', () => {
    const { row, decisions } = run(delivered(events, 2, 0));
    expect(row?.status).toBe('canceled');
    expect(lastOf(decisions)).toEqual({ kind: 'ignored', reason: 'subscription_has_ended', row: null });
  });

  it('updated before created: the newer state stands', () => {
    const { row, decisions } = run(delivered(events, 1, 0));
    expect(row?.cancelAtPeriodEnd).toBe(true);
    expect(lastOf(decisions)).toMatchObject({ kind: 'ignored', reason: 'newer_state_known' });
  });

  it('the same event again changes nothing', () => {
    const { decisions } = run(delivered(events, 0, 1, 1));
    expect(lastOf(decisions)).toEqual({ kind: 'ignored', reason: 'event_already_seen', row: null });
  });

  it('an end with an earlier time than the newest state still ends: Stripe never brings a subscription back', () => {
    const early = history(['created', 0, pro], ['updated', 9, elite], ['deleted', 5, canceled]);
    expect(run(early).row?.status).toBe('canceled');
  });
});

describe('events of one second', () => {
  test.each([
    ['created, updated', [0, 1]],
    ['updated, created', [1, 0]],
  ])('%s: the lifecycle decides', (_, order) => {
    const { row } = run(delivered(history(['created', 0, pro], ['updated', 0, elite]), ...order));
    expect(row?.tier).toBe(2);
  });

  test.each([
    ['in order', [0, 1, 2]],
    ['out of order', [0, 2, 1]],
    ['before their creation', [2, 1, 0]],
  ])('two updates %s: previous_attributes decide', (_, order) => {
    const events = history(
      ['created', 0, pro],
      ['updated', 5, elite],
      ['updated', 5, { ...elite, cancelAtPeriodEnd: true }],
    );
    const { row, decisions } = run(delivered(events, ...order));
    expect(row).toMatchObject({ tier: 2, cancelAtPeriodEnd: true });
    expect(decisions.map((decision) => decision.kind)).not.toContain('needsFetch');
  });

  it('a change and its undoing close a circle that only Stripe can open', () => {
    const { decisions } = run(history(['created', 0, pro], ['updated', 5, ending], ['updated', 5, pro]));
    expect(lastOf(decisions)).toEqual({ kind: 'needsFetch', reason: 'circle_in_one_second' });
  });

  it('two that look alike mean that there was a way back between them: only Stripe can tell which was last', () => {
    const events = history(
      ['created', 0, pro],
      ['updated', 1, elite],
      ['updated', 1, ending],
      ['updated', 1, elite],
      ['updated', 1, ending],
    );
    const { decisions } = run(delivered(events, 0, 4, 2));
    expect(lastOf(decisions)).toEqual({ kind: 'needsFetch', reason: 'gap_in_one_second' });
  });

  it('one of them repeated after the others is no news, even where its change would fit once more', () => {
    const events = history(['created', 0, pro], ['updated', 1, elite], ['updated', 1, ending], ['updated', 1, elite]);
    const { row, decisions } = run(delivered(events, 0, 1, 2, 3, 2));
    expect(lastOf(decisions)).toMatchObject({ kind: 'ignored', reason: 'event_already_seen' });
    expect(row).toMatchObject({ tier: 2, cancelAtPeriodEnd: false });
  });

  it('two updates with one missing between them need a fetch', () => {
    const events = history(['created', 0, pro], ['updated', 5, ending], ['updated', 5, elite], ['updated', 5, pastDue]);
    const { decisions } = run(delivered(events, 0, 1, 3));
    expect(lastOf(decisions)).toEqual({ kind: 'needsFetch', reason: 'gap_in_one_second' });
  });
});

describe('a fetched snapshot', () => {
  const events = history(['created', 0, pro], ['updated', 5, ending], ['updated', 5, pro]);

  it('settles the tie that asked for it, though its time is the same second', () => {
    const { row } = run([...delivered(events, 0, 1), fetched(pro, 5, ending)]);
    expect(row).toMatchObject({ cancelAtPeriodEnd: false, order: { kind: 'fetched' } });
  });

  it('loses against an event that is newer than it', () => {
    const { row } = run([...history(['created', 0, pro], ['updated', 9, elite]), fetched(pro, 5, pro)]);
    expect(row?.tier).toBe(2);
  });

  it('is asked for again when the row moved, in the same second, while it was under way', () => {
    const { decisions } = run([...delivered(events, 0, 1), fetched(elite, 5, pro)]);
    expect(lastOf(decisions)).toEqual({ kind: 'needsFetch', reason: 'changed_while_fetching' });
  });

  it('is asked for again when an event of the seconds in which Stripe was answering moved the row', () => {
    const moved = [...history(['created', 0, pro], ['updated', 9, elite])];
    expect(lastOf(run([...moved, fetched(pro, 10, pro)]).decisions)).toEqual({
      kind: 'needsFetch',
      reason: 'changed_while_fetching',
    });
    expect(run([...moved, fetched(pro, 10, elite)]).row?.tier).toBe(1);
    expect(run([...moved, fetched(pro, 15, pro)]).row?.tier).toBe(1);
  });

  it('may not know of a change that Stripe made in the seconds in which it was answering', () => {
    const [created, changed] = history(['created', 0, pro], ['updated', 5, elite]);
    if (!created || !changed) throw new Error('two events expected');
    for (const second of [6, 10])
      expect(lastOf(run([created, fetched(pro, second, pro), changed]).decisions)).toEqual({
        kind: 'needsFetch',
        reason: 'shortly_before_an_answer',
      });
    const decided = [fetched(elite, 6, pro), fetched(pro, 11, pro)].map(
      (answer) => lastOf(run([created, answer, changed]).decisions).kind,
    );
    expect(decided).toEqual(['ignored', 'ignored']);
  });

  it('knows of the creation in its second, but perhaps not of an update', () => {
    const twins = history(['created', 5, pro], ['updated', 5, elite]);
    const known = [...delivered(events, 0), fetched(ending, 5, pro)];
    expect(lastOf(run([...known, ...delivered(twins, 0)]).decisions).kind).toBe('ignored');
    expect(lastOf(run([...known, ...delivered(twins, 1)]).decisions)).toEqual({
      kind: 'needsFetch',
      reason: 'same_second_as_a_fetch',
    });
  });
});

describe('past due', () => {
  const events = history(
    ['created', 0, pro],
    ['updated', 5, pastDue],
    ['updated', 8, { ...pastDue, cancelAtPeriodEnd: true }],
  );

  it('begins with the change into it and not with the latest event', () => {
    expect(run(events).row?.pastDue).toEqual({ since: at(5), isExact: true });
  });

  it('is dated back when the change into it comes late', () => {
    expect(run(delivered(events, 0, 2)).row?.pastDue).toEqual({ since: at(8), isExact: false });
    expect(run(delivered(events, 0, 2, 1)).row?.pastDue).toEqual({ since: at(5), isExact: true });
  });

  it('is the failure that Stripe’s invoices tell of, where no event told that the one before was over', () => {
    const [again, stale] = [{ ...pastDue, cancelAtPeriodEnd: true }, pastDue];
    const asked = fetched(again, 20, stale, at(12));
    expect(run([...delivered(events, 0, 1), asked]).row?.pastDue).toEqual({ since: at(12), isExact: true });
  });

  it('has begun by now, however late the open invoice is due', () => {
    const known = [...delivered(events, 0), fetched(pastDue, 20, pro, at(99))];
    expect(run(known).row?.pastDue).toEqual({ since: at(20), isExact: true });
  });

  it('stays what was seen where the invoices say nothing later', () => {
    const asked = (unpaidSince: Date | null) =>
      fetched({ ...pastDue, cancelAtPeriodEnd: true }, 20, pastDue, unpaidSince);
    for (const unpaidSince of [at(3), at(5), null])
      expect(run([...delivered(events, 0, 1), asked(unpaidSince)]).row?.pastDue).toEqual({
        since: at(5),
        isExact: true,
      });
  });

  it('began with the unpaid invoice for whoever has missed its events, and with the change itself once that comes', () => {
    const known = [...delivered(events, 0), fetched(pastDue, 20, pro, at(4))];
    expect(run(known).row?.pastDue).toEqual({ since: at(4), isExact: true });
    expect(run([...known, ...delivered(events, 1)]).row?.pastDue).toEqual({ since: at(5), isExact: true });
  });

  it('is over once the payment came through', () => {
    expect(run(history(['created', 0, pro], ['updated', 5, pastDue], ['updated', 8, pro])).row?.pastDue).toBeNull();
  });
});

describe('what cannot be', () => {
  it('a subscription that changes its customer is parked', () => {
    const [created, updated] = history(['created', 0, pro], ['updated', 5, elite]);
    if (!created || !updated) throw new Error('two events expected');
    const other = { ...updated, snapshot: { ...updated.snapshot, customerId: 'cus_other' } };
    expect(lastOf(run([created, other]).decisions)).toEqual({ kind: 'parked', reason: 'customer_changed' });
  });

  it('two snapshots differ in their fingerprints as soon as one field does', () => {
    const prints = [pro, ending, elite, pastDue, canceled].map((state) => fingerprint(toSnapshot(state)));
    expect(new Set(prints).size).toBe(prints.length);
  });
});

describe('what a row remembers of the time before a price that nobody here knows', () => {
  const legacy: State = { ...pro, price: 'price_legacy' };
  const events = history(
    ['created', 0, pro],
    ['updated', 5, elite],
    ['updated', 8, legacy],
    ['updated', 9, { ...legacy, cancelAtPeriodEnd: true }],
  );
  const remembered = { status: 'active', tier: 2, at: at(8), isExact: true };

  test.each([
    ['in order', [0, 1, 2, 3]],
    ['in reverse', [3, 2, 1, 0]],
    ['with the change to it last', [3, 0, 1, 2]],
  ])('is the plan right before it, told %s', (_, order) => {
    expect(run(delivered(events, ...order)).row).toMatchObject({ tier: null, lastUnderstood: remembered });
  });

  it('is the newest plan it has heard of where the change itself is missing', () => {
    const inexact = { ...remembered, at: at(5), isExact: false };
    expect(run(delivered(events, 3, 1, 0)).row?.lastUnderstood).toEqual(inexact);
  });

  it('is forgotten once the price is known again', () => {
    const back = history(['created', 0, pro], ['updated', 5, legacy], ['updated', 8, elite]);
    expect(run(back).row).toMatchObject({ tier: 2, lastUnderstood: null });
  });

  it('is learned from an event that tells no news of the state itself', () => {
    const [created, , changed] = events;
    if (!created || !changed) throw new Error('two events expected');
    const { row } = run([created, fetched(legacy, 8, pro), changed]);
    expect(row?.lastUnderstood).toEqual(remembered);
  });
});
