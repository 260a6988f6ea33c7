import type pg from 'pg';
import { drainQueued } from '../apply/apply.process.js';
import { withDatabase } from '../database.store.js';
import { warmUpSeconds, watchAt } from '../end-to-end/end-to-end.process.js';
import { withOwnTokens } from '../load/user-tokens.js';
import { figure, median } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { subscriptionCount } from '../load/stripe-feed.js';
import { runThrough, startSystem, stopSystem } from '../whole-system.process.js';
import { setStoredEvents } from './stored-events.store.js';

const factor = 100;
const rate = 200;
const seconds = 15;

interface Speed {
  apply: number;
  endToEnd: number;
}

/** The same measurements with few and with a hundred times as many events stored, both loaded by SQL. */
export const growth: Part = async (given) => {
  const lab = withOwnTokens(given);
  const grown = lab.sized(2_500_000);
  const few = grown / factor;
  const [before, after] = await withDatabase(lab, async (client) => {
    const feed = new Feed();
    await drainQueued(lab, client, feed.next(subscriptionCount));
    return [await speedWith(lab, client, few, feed), await speedWith(lab, client, grown, feed)] as const;
  });
  return [
    figure('growth.stored_events.before', few, 'events'),
    figure('growth.stored_events.after', grown, 'events'),
    figure('growth.apply_rate.before', before.apply, 'events/s'),
    figure('growth.apply_rate.after', after.apply, 'events/s'),
    figure('growth.apply_ratio', after.apply / before.apply, 'ratio'),
    figure('growth.end_to_end_p50.before', before.endToEnd, 'ms'),
    figure('growth.end_to_end_p50.after', after.endToEnd, 'ms'),
    figure('growth.end_to_end_p50_ratio', after.endToEnd / before.endToEnd, 'ratio'),
  ];
};

/** Where in the endless history we are. */
class Feed {
  private position = 0;

  next(count: number): { from: number; count: number } {
    const from = this.position;
    this.position += count;
    return { from, count };
  }
}

async function speedWith(lab: Lab, client: pg.Client, stored: number, feed: Feed): Promise<Speed> {
  const begin = performance.now();
  await setStoredEvents(client, stored);
  lab.say(`${stored} events stored in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  const rates: number[] = [];
  for (let round = 0; round < lab.rounds; round += 1) {
    const { rate: applied } = await drainQueued(lab, client, feed.next(lab.sizedRound(100_000)));
    rates.push(applied);
  }
  const apply = median(rates);
  lab.say(`${stored} events stored: apply ${Math.round(apply)} events/s`);
  return { apply, endToEnd: await endToEndMedian(lab, client, feed) };
}

async function endToEndMedian(lab: Lab, client: pg.Client, feed: Feed): Promise<number> {
  const members = await startSystem(lab);
  try {
    await runThrough(lab, client, feed.next(subscriptionCount));
    const { from } = feed.next(rate * (warmUpSeconds + seconds));
    return median(await watchAt(lab, client, { rate, from, seconds }));
  } finally {
    await stopSystem(lab, members);
  }
}
