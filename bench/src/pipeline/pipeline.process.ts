import { acceptBurst } from '../accept-burst.process.js';
import { withDatabase } from '../database.store.js';
import { atLeast, figure, median } from '../figure.js';
import type { Part } from '../lab.js';
import { subscriptionCount } from '../load/stripe-feed.js';
import { runThrough, startSystem, stopSystem } from '../whole-system.process.js';

const leastRatioToAccept = 0.4;

/**
 * Everything runs: events are delivered at 32 connections as fast as the ingress takes them, and the clock stops when inbox,
 * outbox, trail and read model have all caught up. Between the rounds the ingress accepts alone.
 */
export const pipeline: Part = async (lab) => {
  const count = lab.sizedRound(200_000);
  const measured: { rate: number; accept: number }[] = [];
  await withDatabase(lab, async (client) => {
    for (let round = 0; round < lab.rounds; round += 1) {
      const members = await startSystem(lab);
      try {
        if (round === 0) await runThrough(lab, client, { from: 0, count: subscriptionCount });
        const rate = await runThrough(lab, client, { from: subscriptionCount + round * count, count });
        await stopSystem(lab, members);
        measured.push({ rate, accept: await acceptBurst(lab) });
      } catch (error) {
        await stopSystem(lab, members);
        throw error;
      }
      const [rate, accept] = [measured.at(-1)?.rate ?? 0, measured.at(-1)?.accept ?? 0].map(Math.round);
      lab.say(`round ${round + 1} of ${lab.rounds}: whole pipeline ${rate}, accept ${accept} events/s`);
    }
  });
  const ratio = median(measured.map(({ rate, accept }) => rate / accept));
  return [
    figure('pipeline.rate', median(measured.map(({ rate }) => rate)), 'events/s'),
    figure('pipeline.accept_rate', median(measured.map(({ accept }) => accept)), 'events/s'),
    figure('pipeline.ratio_to_accept', ratio, 'ratio', atLeast(leastRatioToAccept)),
  ];
};
