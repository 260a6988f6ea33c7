import { RelayLease } from '@billhook/messaging';
import type pg from 'pg';
import { z } from 'zod';
import { acceptBurst } from '../accept-burst.process.js';
import { startMember } from '../crew.process.js';
import { withDatabase } from '../database.store.js';
import { atLeast, figure, median } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { publishEvents, runProgram } from '../load/load.process.js';
import { subscriptionCount } from '../load/stripe-feed.js';
import { purgeQueues } from '../queues.client.js';
import { applyRate, databaseNow, relayedRate, untilApplied, untilSent } from './inbox.store.js';

const leastRatioToAccept = 1.2;

interface Round {
  rate: number;
  relayed: number;
  bare: number;
  accept: number;
}

/**
 * Queued events of 2,000 subscriptions, drained by the subscription service alone: once into the outbox, whose relay belongs to
 * another replica (this benchmark holds the lease), and once with its own relay publishing meanwhile. The audit's and the gateway's
 * queues fill up with nobody to read them, and are emptied before and after each drain. Interleaved with a bare drain of the
 * same events and with the ingress accepting alone.
 */
export const apply: Part = async (lab) => {
  const count = lab.sizedRound(200_000);
  const measured = await withDatabase(lab, async (client) => {
    await drainQueued(lab, client, { from: 0, count: subscriptionCount });
    const results: Round[] = [];
    for (let round = 0; round < lab.rounds; round += 1) {
      const from = subscriptionCount + 2 * round * count;
      const rate = await drainIntoOutbox(lab, client, { from, count });
      const { relayed } = await drainQueued(lab, client, { from: from + count, count });
      const result = { rate, relayed, bare: await drainBare(lab, { from, count }), accept: await acceptBurst(lab) };
      results.push(result);
      lab.say(`round ${round + 1} of ${lab.rounds}: ${inWords(result)}`);
    }
    return results;
  });
  const middle = (of: (round: Round) => number): number => median(measured.map(of));
  const ratioToAccept = middle(({ rate, accept }) => rate / accept);
  return [
    figure(
      'apply.rate',
      middle(({ rate }) => rate),
      'events/s',
    ),
    figure(
      'apply.relayed_rate',
      middle(({ relayed }) => relayed),
      'events/s',
    ),
    figure(
      'apply.bare_rate',
      middle(({ bare }) => bare),
      'events/s',
    ),
    figure(
      'apply.accept_rate',
      middle(({ accept }) => accept),
      'events/s',
    ),
    figure(
      'apply.ratio_to_bare_drain',
      middle(({ rate, bare }) => rate / bare),
      'ratio',
    ),
    figure('apply.ratio_to_accept', ratioToAccept, 'ratio', atLeast(leastRatioToAccept)),
  ];
};

function inWords(round: Round): string {
  const words = Object.entries(round).map(([name, value]: [string, number]) => `${name} ${Math.round(value)}`);
  return `${words.join(', ')} events/s`;
}

interface Stretch {
  from: number;
  count: number;
}

/** With the relay's lease held here, so that the service stands by as the second of two replicas would. */
async function drainIntoOutbox(lab: Lab, client: pg.Client, stretch: Stretch): Promise<number> {
  const lease = await RelayLease.tryAcquire(lab.place.databaseUrls.subscription, 'subscription', () => undefined);
  if (lease === undefined) throw new Error('another relay of the subscription service is at work');
  try {
    return (await drainQueued(lab, client, stretch, () => lease.release())).rate;
  } finally {
    await lease.release();
  }
}

/** Publishes them while nobody consumes, then starts the service and lets it drain them. */
export async function drainQueued(
  lab: Lab,
  client: pg.Client,
  { from, count }: Stretch,
  onApplied: () => Promise<void> = () => Promise.resolve(),
): Promise<{ rate: number; relayed: number }> {
  await publishEvents(lab, { run: 'apply', from, count });
  await purgeQueues(lab.place.rabbitmqUrl, ['audit.events', 'gateway.accounts']);
  const since = await databaseNow(client);
  const service = await startMember(lab, 'subscription');
  try {
    await untilApplied(lab, client, { count, since });
    await onApplied();
    await untilSent(client);
    return { rate: await applyRate(client, since), relayed: await relayedRate(client, { count, since }) };
  } finally {
    await service.stop();
    await purgeQueues(lab.place.rabbitmqUrl);
  }
}

async function drainBare(lab: Lab, { from, count }: Stretch): Promise<number> {
  await publishEvents(lab, { run: 'bare', from, count });
  const databaseUrl = new URL(lab.place.databaseAdminUrl);
  databaseUrl.pathname = new URL(lab.place.databaseUrls.subscription).pathname;
  const program = { name: 'bare-drain', script: 'bench/src/apply/bare-drain-main.js' };
  const job = { rabbitmqUrl: lab.place.rabbitmqUrl, databaseUrl: databaseUrl.toString(), count };
  const { rate } = await runProgram(lab, program, job, z.object({ rate: z.number() }));
  await purgeQueues(lab.place.rabbitmqUrl);
  return rate;
}
