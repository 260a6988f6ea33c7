import { expireSession } from '../checkout/checkout-routes.js';
import { nextOf } from '../subscriptions/waiting.js';
import type { Due } from '../subscriptions/waiting.js';
import type { World } from './world.js';

/** Something that time happens to. What it waits for is asked anew each time: what happened before may have changed it. */
type Subject = () => Due | null;

function* subjects(world: World): Generator<Subject> {
  for (const id of world.subscriptions.keys()) {
    yield () => {
      const subscription = world.subscriptions.get(id);
      return subscription ? nextOf(world, subscription) : null;
    };
  }
  for (const id of world.checkoutSessions.keys()) {
    yield () => {
      const session = world.checkoutSessions.get(id);
      return session?.status === 'open'
        ? { at: session.expires_at, perform: () => void expireSession(world, session) }
        : null;
    };
  }
}

/** Carries out, in order of time, what is due by now; each at its own second, so that its events bear that time. */
export const settleDue = (world: World) => advanceTo(world, world.now());

/** Moves the clock to `time`, carrying out on the way all that falls due: a year of renewals, one after the other. */
export function advanceTo(world: World, time: number): void {
  const queue: { at: number; subject: Subject }[] = [];
  for (const subject of subjects(world)) {
    const at = subject()?.at ?? Infinity;
    if (at <= time) queue.push({ at, subject });
  }
  queue.sort((a, b) => a.at - b.at);
  const again = (subject: Subject, index: number) => {
    const at = subject()?.at ?? Infinity;
    if (at <= time) queue.splice(placeFor(queue, at, index + 1), 0, { at, subject });
  };
  for (let index = 0; index < queue.length; index += 1) {
    const turn = queue[index];
    if (turn === undefined) break;
    const due = turn.subject();
    // What it waited for may be gone or later by now, through what happened to something else.
    if (due !== null && due.at <= turn.at) world.clock.hold(due.at, due.perform);
    again(turn.subject, index);
  }
  world.clock.moveTo(time);
}

/** The first place, from `low` on, whose time is later than `at`. */
function placeFor(queue: readonly { at: number }[], at: number, low: number): number {
  let [from, to] = [low, queue.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((queue[middle]?.at ?? Infinity) <= at) from = middle + 1;
    else to = middle;
  }
  return from;
}
