import type pg from 'pg';
import { withDatabase } from '../database.store.js';
import { atMost, figure, quantile } from '../figure.js';
import type { Figure } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { subscriptionCount } from '../load/stripe-feed.js';
import { marksOf, notApplied, runThrough, startSystem, stopSystem, untilCaughtUp } from '../whole-system.process.js';
import { withOwnTokens } from '../load/user-tokens.js';
import { watchEvents } from './watch.process.js';

const rates = [50, 200, 1_000];
const goals: Record<number, { p50: number; p99: number } | undefined> = { 200: { p50: 20, p99: 100 } };
export const warmUpSeconds = 5;

/**
 * Everything runs; from the moment at which an event is due to be sent, to the end of the answer of `GET /v1/account` that shows
 * its change to its user.
 */
export const endToEnd: Part = async (given) => {
  const lab = withOwnTokens(given);
  const figures: Figure[] = [];
  const members = await startSystem(lab);
  try {
    await withDatabase(lab, async (client) => {
      await runThrough(lab, client, { from: 0, count: subscriptionCount });
      let from = subscriptionCount;
      for (const rate of rates) {
        const seconds = secondsAt(lab);
        figures.push(...figuresOf(rate, await watchAt(lab, client, { rate, from, seconds })));
        from += rate * (warmUpSeconds + seconds);
      }
    });
  } finally {
    await stopSystem(lab, members);
  }
  return figures;
};

const secondsAt = (lab: Lab): number => Math.min(60, Math.max(3, lab.sized(200)));

/** One rate; resolves with the latencies once everybody has caught up, so that the next rate begins with nothing to do. */
export async function watchAt(
  lab: Lab,
  client: pg.Client,
  { rate, from, seconds }: { rate: number; from: number; seconds: number },
): Promise<number[]> {
  const before = await marksOf(client);
  const result = await watchEvents(lab, { run: 'whole', from, rate, warmUpSeconds, seconds });
  const { visible, accepted, refused, unseen } = result;
  if (refused > 0) throw new Error(`the ingress refused ${refused} events at ${rate}/s`);
  await untilCaughtUp(client, before, rate * (warmUpSeconds + seconds));
  // At a rate that the machine cannot take, deliveries overtake one another by more than a round of the subscriptions.
  const late = await notApplied(client, before);
  const ms = (value: number): string => value.toFixed(1);
  lab.say(
    `${rate} events/s: visible p50 ${ms(quantile(visible, 0.5))} ms, p99 ${ms(quantile(visible, 0.99))} ms ` +
      `(${visible.length} watched, ${unseen} given up, ${late} overtaken by newer ones); accepted p50 ${ms(accepted.p50)} ms, p99 ${ms(accepted.p99)} ms`,
  );
  return visible;
}

function figuresOf(rate: number, visible: readonly number[]): Figure[] {
  const goal = goals[rate];
  return [
    figure(`end_to_end.${rate}.p50`, quantile(visible, 0.5), 'ms', goal && atMost(goal.p50)),
    figure(`end_to_end.${rate}.p99`, quantile(visible, 0.99), 'ms', goal && atMost(goal.p99)),
  ];
}
