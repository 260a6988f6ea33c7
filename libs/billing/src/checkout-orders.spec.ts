import { aStripeEvent, started } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { nothingKnown, take, tierOf } from './billing-state.spec-support.js';
import type { BillingState, Taken } from './billing-state.spec-support.js';
import { checkoutHistory } from './checkout-history.spec-support.js';
import { ordersOf } from './orders.spec-support.js';
import { toStripeFact } from './stripe-event.js';

/** With everything in one second as well: then only the lifecycle and `previous_attributes` tell what came first. */
function eventsWithin(seconds: 0 | 1): (Taken & { type: string })[] {
  return checkoutHistory.map(([type, object, second, previousAttributes]) => {
    const created = started + second * seconds;
    const event = aStripeEvent(type, object, {
      id: `evt_${type}`,
      created,
      ...(previousAttributes && { previousAttributes }),
    });
    const fact = toStripeFact(event);
    if (!fact.ok) throw new Error(`${type}: cannot read ${fact.path}`);
    return { type, fact: fact.value, at: new Date(created * 1000) };
  });
}

const neverAsked = () => {
  throw new Error('Stripe was asked, though nothing is ambiguous');
};

/** The state without what it remembers of the way it came. */
function stateText({ subscriptions, evidence }: BillingState): string {
  const rows = [...subscriptions.values()].map((row) => ({
    ...row,
    order: { ...row.order, events: 0, startedFrom: 0 },
  }));
  return JSON.stringify([rows, evidence]);
}

describe.each([
  ['one second and the next', 1],
  ['a single second', 0],
] as const)('the seven events of a checkout within %s', (_, seconds) => {
  const events = eventsWithin(seconds);
  const inOrder = events.reduce((state, event) => take(state, event, neverAsked), nothingKnown);

  it('end the same in all of their 5,040 orders, and grant Pro from the moment on which the active subscription is known', () => {
    const ends = new Set<string>();
    const tooEarlyOrLate: string[] = [];
    let count = 0;
    for (const order of ordersOf(events)) {
      let state = nothingKnown;
      let isActive = false;
      for (const event of order) {
        state = take(state, event, neverAsked);
        isActive ||= event.type === 'customer.subscription.updated';
        if (tierOf(state) !== (isActive ? 1 : 0)) tooEarlyOrLate.push(order.map(({ type }) => type).join(', '));
      }
      ends.add(stateText(state));
      count += 1;
    }
    expect([count, tooEarlyOrLate, ends]).toEqual([5040, [], new Set([stateText(inOrder)])]);
  });
});
