import { atLeast, atMost, figure, median } from '../figure.js';
import type { Figure } from '../figure.js';
import type { Lab, Part } from '../lab.js';
import { startContest } from './contest.process.js';
import type { Contest, Load } from './contest.process.js';
import type { LoadReport } from './load.js';

/** The ingress and the bare server under the same load, one right after the other. */
interface Round {
  ingress: LoadReport;
  bare: LoadReport;
}

const warmUps = 2;
const openLoopRate = 500;
const openLoopSeconds = { tenth: 10, full: 60 };

/**
 * How fast the ingress accepts events, against a server that does only what cannot be left out. Rounds are interleaved, so
 * that a slow minute of the machine slows both; a ratio is taken per round, and the median of the ratios is the figure.
 */
export const accept: Part = async (lab) => {
  const contest = await startContest(lab);
  try {
    lab.say('accept: warming up');
    for (let i = 0; i < warmUps; i += 1) await round(contest, { connections: 32, events: 6_000 }, i);
    const one = await rounds(lab, contest, { connections: 1, events: 1_500 });
    const some = await rounds(lab, contest, { connections: 32, events: 8_000 });
    const many = await rounds(lab, contest, { connections: 128, events: 8_000 });
    lab.say(`accept: ${openLoopRate} events/s`);
    const seconds = lab.isFull ? openLoopSeconds.full : openLoopSeconds.tenth;
    const steady = await contest.ingress({
      connections: 64,
      events: openLoopRate * seconds,
      perSecond: openLoopRate,
    });
    return figuresOf({ one, some, many, steady });
  } finally {
    await contest.stop();
  }
};

async function rounds(lab: Lab, contest: Contest, load: Load): Promise<Round[]> {
  const found: Round[] = [];
  for (let i = 0; i < (lab.isFull ? 15 : 5); i += 1) found.push(await round(contest, load, i));
  const each = found.map(({ ingress, bare }) => `${Math.round(ingress.perSecond)}/${Math.round(bare.perSecond)}`);
  lab.say(`accept: ${load.connections} connections, ingress/bare per second: ${each.join(' ')}`);
  return found;
}

/** Who goes first changes from round to round: the second finds a broker that has just worked. */
async function round(contest: Contest, load: Load, index: number): Promise<Round> {
  if (index % 2 === 0) {
    const ingress = await contest.ingress(load);
    return { ingress, bare: await contest.bare(load) };
  }
  const bare = await contest.bare(load);
  return { bare, ingress: await contest.ingress(load) };
}

interface Measured {
  one: Round[];
  some: Round[];
  many: Round[];
  steady: LoadReport;
}

function figuresOf({ one, some, many, steady }: Measured): Figure[] {
  const over = (found: Round[], value: (round: Round) => number): number => median(found.map(value));
  const rateRatio = ({ ingress, bare }: Round): number => ingress.perSecond / bare.perSecond;
  const refused = [...some, ...many].reduce((sum, { ingress }) => sum + ingress.refused, 0);
  return [
    figure(
      'accept.1.latency',
      over(one, ({ ingress }) => ingress.p50),
      'ms',
    ),
    figure(
      'accept.1.bare_latency',
      over(one, ({ bare }) => bare.p50),
      'ms',
    ),
    figure(
      'accept.1.latency_ratio',
      over(one, ({ ingress, bare }) => ingress.p50 / bare.p50),
      'ratio',
      atMost(1.3),
    ),
    figure(
      'accept.32.rate',
      over(some, ({ ingress }) => ingress.perSecond),
      'events/s',
    ),
    figure(
      'accept.32.bare_rate',
      over(some, ({ bare }) => bare.perSecond),
      'events/s',
    ),
    figure('accept.32.rate_ratio', over(some, rateRatio), 'ratio', atLeast(0.9)),
    figure(
      'accept.128.rate',
      over(many, ({ ingress }) => ingress.perSecond),
      'events/s',
    ),
    figure(
      'accept.128.bare_rate',
      over(many, ({ bare }) => bare.perSecond),
      'events/s',
    ),
    figure('accept.128.rate_ratio', over(many, rateRatio), 'ratio'),
    figure('accept.500_per_second.p99', steady.p99, 'ms', atMost(50)),
    figure(
      'accept.full_load.p99',
      over(many, ({ ingress }) => ingress.p99),
      'ms',
      atMost(100),
    ),
    figure(
      'accept.full_load.bare_p99',
      over(many, ({ bare }) => bare.p99),
      'ms',
    ),
    figure('accept.full_load.errors', refused, 'answers', atMost(0)),
  ];
}
