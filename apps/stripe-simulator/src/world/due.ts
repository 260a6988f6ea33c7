import { found } from '../api/stripe-error.js';
import { expireSession } from '../checkout/checkout-routes.js';
import { finishPeriod, nextDue } from '../subscriptions/lifecycle.js';
import { isLive } from '../subscriptions/subscription.js';
import type { World } from './world.js';

interface Due {
  at: number;
  perform: () => void;
  /** When the same object is due again afterwards; Infinity for never. */
  again: () => number;
}

/** Everything that waits for a time: ends of periods, scheduled ends, unpaid Checkout sessions. */
function* waiting(world: World): Generator<Due> {
  for (const { id } of world.subscriptions.values()) {
    const current = () => found(world.subscriptions, id, 'subscription');
    const again = () => (isLive(current()) ? nextDue(current()) : Infinity);
    yield { at: again(), perform: () => finishPeriod(world, current()), again };
  }
  for (const session of world.checkoutSessions.values()) {
    const at = session.status === 'open' ? session.expires_at : Infinity;
    yield { at, perform: () => expireSession(world, session), again: () => Infinity };
  }
}

/** Carries out, in order of time, what is due by now; each at its own second, so that its events bear that time. */
export const settleDue = (world: World) => advanceTo(world, world.now());

/** Moves the clock to `time`, carrying out on the way all that falls due: a year of renewals, one after the other. */
export function advanceTo(world: World, time: number): void {
  const queue = [...waiting(world)].filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
  for (let index = 0; index < queue.length; index += 1) {
    const due = queue[index];
    if (due === undefined) break;
    world.clock.hold(due.at, due.perform);
    const at = due.again();
    if (at <= time) queue.splice(placeFor(queue, at, index + 1), 0, { ...due, at });
  }
  world.clock.moveTo(time);
}

/** The first place, from `low` on, whose time is later than `at`. */
function placeFor(queue: readonly Due[], at: number, low: number): number {
  let [from, to] = [low, queue.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((queue[middle]?.at ?? Infinity) <= at) from = middle + 1;
    else to = middle;
  }
  return from;
}
