import { aStripeEvent, aSubscription, aSubscriptionItem, started } from '@billhook/testing';
import { toStripeFact } from './stripe-event.js';
import type { LifecycleKind, SubscriptionEvent } from './subscription-event.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

/** The few fields in which the subscriptions of a history differ. */
export interface State {
  status: string;
  price: string;
  cancelAtPeriodEnd: boolean;
  /** Of no interest to billing: a change here leaves the same snapshot. */
  note: string;
}

export interface Step {
  kind: Exclude<LifecycleKind, 'fetched'>;
  /** Seconds after the history began. */
  second: number;
  state: State;
}

export function at(second: number): Date {
  return new Date((started + second) * 1000);
}

function toObject(state: State) {
  const price = { ...aSubscriptionItem().price, id: state.price };
  return {
    ...aSubscription({ status: state.status, cancel_at_period_end: state.cancelAtPeriodEnd }),
    items: { object: 'list', data: [aSubscriptionItem({ price })] },
    metadata: { user_id: 'user_1', note: state.note },
  };
}

export function toSnapshot(state: State): SubscriptionSnapshot {
  const reading = toSubscriptionSnapshot(toObject(state));
  if (!reading.ok) throw new Error(`unreadable: ${reading.path}`);
  return reading.value;
}

/** As Stripe does: the previous values of the fields that changed. */
function previousAttributes(before: State, after: State): object {
  const old = toObject(before);
  return {
    ...(before.status !== after.status && { status: old.status }),
    ...(before.cancelAtPeriodEnd !== after.cancelAtPeriodEnd && { cancel_at_period_end: old.cancel_at_period_end }),
    ...(before.price !== after.price && { items: { data: old.items.data } }),
    ...(before.note !== after.note && { metadata: { note: before.note } }),
  };
}

/** The events of a history, in the order in which it happened. */
export function toEvents(steps: readonly Step[]): SubscriptionEvent[] {
  return steps.map((step, index) => {
    const before = steps[index - 1];
    const changed =
      step.kind === 'updated' && before ? { previousAttributes: previousAttributes(before.state, step.state) } : {};
    const options = { id: `evt_${index}`, created: started + step.second, ...changed };
    const fact = toStripeFact(aStripeEvent(`customer.subscription.${step.kind}`, toObject(step.state), options));
    if (!fact.ok || fact.value.kind !== 'subscription') throw new Error('not a subscription event');
    return fact.value.event;
  });
}
