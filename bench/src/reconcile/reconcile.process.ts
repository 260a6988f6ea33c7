import { z } from 'zod';
import { rssOf } from '../cost/proc.process.js';
import { startMember, startSimulator, stopAll } from '../crew.process.js';
import type { Member } from '../crew.process.js';
import { withDatabase } from '../database.store.js';
import { atLeast, atMost, figure, median } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { purgeQueues } from '../queues.client.js';
import { control, untilReconciled } from './run.client.js';
import type { EndedRun } from './run.client.js';

const subscriptions = 10_000;
const events = 100_000;
/** What all events of 72 hours, and all subscriptions, may take at full scale; as rates, so that they hold at any. */
const mostCatchUpSeconds = 5 * 60;
const mostSweepSeconds = 10 * 60;
const budget = 20;
const mostGrowth = 1.1;
const sampleEveryMs = 500;
/** One in so many of our rows is made to differ before the sweep. */
const oneIn = 20;

const chaos = z.object({ done: z.object({ rate_limited: z.number() }) });

/**
 * A service that was away while Stripe went on: it catches up with all events, and then sweeps, with every twentieth row spoilt. The
 * pretend Stripe refuses what comes faster than the budget. Nobody reads the audit's and the gateway's queues.
 */
export const reconcile: Part = async (lab) => {
  const simulator = await startSimulator(lab);
  const members = [simulator];
  try {
    const past = { subscriptions: lab.sized(subscriptions), events: lab.sized(events), days: 3 };
    await control(lab, 'history', past);
    await control(lab, 'chaos', { rate_limit_per_second: budget });
    const service = await startMember(lab, 'subscription');
    members.push(service);
    const [catchUp, catchUpGrowth] = await measured(service, () => untilReconciled(lab, 'catch_up'));
    lab.say(`caught up with ${catchUp.counts['events_missing'] ?? 0} events in ${Math.round(catchUp.seconds)} s`);
    await spoilRows(lab);
    const [sweep, sweepGrowth] = await measured(service, () => untilReconciled(lab, 'sweep'));
    lab.say(`swept ${sweep.counts['listed'] ?? 0} subscriptions in ${Math.round(sweep.seconds)} s`);
    const missed = lab.sized(subscriptions) / oneIn - (sweep.counts['repaired'] ?? 0);
    const leastCatchUp = events / mostCatchUpSeconds;
    const leastSweep = subscriptions / mostSweepSeconds;
    return [
      figure('reconcile.catch_up.rate', past.events / catchUp.seconds, 'events/s', atLeast(leastCatchUp)),
      figure('reconcile.catch_up.rss_growth_in_second_half', catchUpGrowth, 'ratio', atMost(mostGrowth)),
      figure('reconcile.sweep.rate', past.subscriptions / sweep.seconds, 'subscriptions/s', atLeast(leastSweep)),
      figure('reconcile.sweep.rss_growth_in_second_half', sweepGrowth, 'ratio', atMost(mostGrowth)),
      figure('reconcile.sweep.not_repaired', missed, 'subscriptions', atMost(0)),
      figure('reconcile.refused_requests', await refused(lab), 'requests', atMost(0)),
    ];
  } finally {
    await stopAll(members);
    await purgeQueues(lab.place.rabbitmqUrl);
  }
};

/** A run, and what the service held at its end against its middle. */
async function measured(service: Member, run: () => Promise<EndedRun>): Promise<[EndedRun, number]> {
  const samples = [rssOf(service.pid)];
  const timer = setInterval(() => samples.push(rssOf(service.pid)), sampleEveryMs);
  try {
    const ended = await run();
    samples.push(rssOf(service.pid));
    const tenth = Math.max(1, Math.floor(samples.length / 10));
    const middle = Math.floor(samples.length / 2);
    return [ended, median(samples.slice(-tenth)) / median(samples.slice(middle - tenth, middle + tenth))];
  } finally {
    clearInterval(timer);
  }
}

async function spoilRows(lab: Lab): Promise<void> {
  await withDatabase(lab, async (client) => {
    await client.query(
      `UPDATE subscription.subscription SET cancel_at_period_end = NOT cancel_at_period_end
       WHERE subscription_id IN (
         SELECT subscription_id FROM subscription.subscription ORDER BY subscription_id LIMIT $1)`,
      [lab.sized(subscriptions) / oneIn],
    );
  });
}

async function refused(lab: Lab): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${lab.ports['stripe-simulator']}/_simulator/chaos`);
  return chaos.parse(await response.json()).done.rate_limited;
}
