import type Stripe from 'stripe';
import { aPlan } from '../catalogue/price.js';
import { found } from '../api/stripe-error.js';
import { applyChange, planChange } from '../subscriptions/change.js';
import type { ItemChange, ProrationBehavior } from '../subscriptions/change.js';
import { end, saveSubscription } from '../subscriptions/lifecycle.js';
import { advanced, finishPeriod, renew, restarted } from '../subscriptions/renew.js';
import { currentPeriodEnd, isEnding } from '../subscriptions/subscription.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { ended, phaseAt, wantedBy } from './schedule.js';

type Phase = Stripe.SubscriptionSchedule.Phase;

/** A phase is over: the next one takes effect, or the schedule comes to the end that was asked for. */
export function finishPhase(world: World, schedule: Stripe.SubscriptionSchedule): void {
  const now = world.now();
  const subscription = found(world.subscriptions, idOf(schedule.subscription) ?? '', 'subscription');
  const next = phaseAt(schedule, now);
  if (next === undefined) return finishSchedule(world, schedule, subscription);
  const current_phase = { start_date: next.start_date, end_date: next.end_date };
  world.update(world.schedules, 'subscription_schedule.updated', { ...schedule, current_phase });
  if (currentPeriodEnd(subscription) === now) renewIn(world, subscription, next);
  else enterPhase(world, subscription, next);
}

function finishSchedule(world: World, schedule: Stripe.SubscriptionSchedule, subscription: Stripe.Subscription): void {
  const isCancel = schedule.end_behavior === 'cancel';
  const closed = ended(schedule, isCancel ? 'completed' : 'released', world.now());
  world.schedules.set(closed.id, closed);
  world.emit(isCancel ? 'subscription_schedule.completed' : 'subscription_schedule.released', closed);
  if (isCancel) return void end(world, subscription);
  const free = { ...subscription, schedule: null };
  if (currentPeriodEnd(subscription) === world.now()) finishPeriod(world, free);
  else saveSubscription(world, free);
}

/** With a new phase at the turn of a period, the renewal already has its price, and nothing is prorated. */
function renewIn(world: World, subscription: Stripe.Subscription, phase: Phase): void {
  const now = world.now();
  const changes = changesFor(world, subscription, phase);
  const isSimple = changes.length === subscription.items.data.length && changes.every(({ isDeleted }) => !isDeleted);
  if (!isSimple || isEnding(subscription)) {
    enterPhase(world, subscription, phase);
    return finishPeriod(world, found(world.subscriptions, subscription.id, 'subscription'));
  }
  const data = subscription.items.data.map((item) => {
    const change = changes.find(({ id }) => id === item.id);
    return change ? { ...item, price: change.price, plan: aPlan(change.price), quantity: change.quantity } : item;
  });
  const next = { ...subscription, status: 'active' as const, items: { ...subscription.items, data } };
  renew(world, hasOtherInterval(subscription, next) ? restarted(next, now) : advanced(next, now));
}

const hasOtherInterval = (before: Stripe.Subscription, after: Stripe.Subscription) =>
  before.items.data[0]?.price.recurring?.interval !== after.items.data[0]?.price.recurring?.interval;

/** In the middle of a period the phase says how its change is prorated. */
export function enterPhase(world: World, subscription: Stripe.Subscription, phase: Phase): void {
  const items = changesFor(world, subscription, phase);
  const plan = planChange(world, subscription, {
    items,
    proration: prorationOf(phase),
    prorationDate: world.now(),
    isNewCycle: false,
  });
  applyChange(world, subscription, { plan, payment: 'allow_incomplete' });
}

/** An open enum at Stripe; only these three come from here. */
function prorationOf({ proration_behavior: behaviour }: Phase): ProrationBehavior {
  switch (behaviour) {
    case 'none':
      return 'none';
    case 'always_invoice':
      return 'always_invoice';
    default:
      return 'create_prorations';
  }
}

/** Item for item: what there is more of is added, what there is less of goes. */
function changesFor(world: World, { items }: Stripe.Subscription, phase: Phase): ItemChange[] {
  const wanted = wantedBy(phase).map(({ price, quantity }) => ({
    price: found(world.prices, price, 'price'),
    quantity,
  }));
  const placed = wanted.map((want, index) => ({ ...want, id: items.data[index]?.id, isDeleted: false }));
  const surplus = items.data
    .slice(wanted.length)
    .map(({ id, price, quantity = 1 }) => ({ id, price, quantity, isDeleted: true }));
  return [...placed, ...surplus];
}
