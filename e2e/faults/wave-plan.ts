import { crashPoints, isCrashPoint } from '@billhook/testing';
import type { CrashPoint } from '@billhook/testing';
import { randomFrom } from './random.js';
import type { Random } from './random.js';

/** Histories that share one life of the services: starting these anew for each history would take hours. */
export interface WavePlan {
  index: number;
  seed: number;
  crashes: PlannedCrash[];
  faults: PlannedFault[];
}

export interface PlannedCrash {
  /** A replica by name, such as `subscription-2`. */
  victim: string;
  /** `<point>:<nth>` */
  crash: string;
  /** Armed once this share of the deliveries has begun. */
  after: number;
}

export type Fault =
  | { kind: 'cut' | 'half_open'; to: 'broker' | 'database'; of: Service }
  | { kind: 'black_hole'; to: 'broker' | 'database'; of: Service; ms: number }
  | { kind: 'slow'; to: 'broker' | 'database'; of: Service; latencyMs: number; ms: number }
  | { kind: 'backends_killed'; of: 'subscription' | 'audit' | 'gateway' }
  | { kind: 'rolling_restart'; victim: string }
  | { kind: 'postgres_restart'; signal: 'SIGINT' | 'SIGQUIT' };

export type PlannedFault = Fault & { after: number };
export type Service = 'webhook-ingress' | 'subscription' | 'audit' | 'gateway';

/** What runs during the waves. */
export const crew = {
  'webhook-ingress': ['webhook-ingress-1', 'webhook-ingress-2'],
  subscription: ['subscription-1', 'subscription-2'],
  audit: ['audit-1', 'audit-2'],
  gateway: ['gateway-1'],
} as const;

/** Each wave has its own seed, so that it can be played alone; every crash point has its turn when there are waves enough. */
export function planWave(seed: number, index: number): WavePlan {
  const waveSeed = Math.imul(seed, 1_000) + index;
  const random = randomFrom(waveSeed);
  const crashes = planCrashes(seed, index, random);
  const victims = new Set(crashes.map(({ victim }) => victim));
  const faults = Array.from({ length: random.between(2, 4) }, () => planFault(random, victims));
  return { index, seed: waveSeed, crashes, faults };
}

/** The points in the order of a shuffle that all waves of a seed share, two in each wave. */
function planCrashes(seed: number, index: number, random: Random): PlannedCrash[] {
  const points = randomFrom(seed).shuffled(Object.keys(crashPoints).filter(isCrashPoint));
  const due = [points[(2 * index) % points.length], points[(2 * index + 1) % points.length]];
  const crashes: PlannedCrash[] = [];
  for (const point of due) {
    if (point === undefined || crashes.length === 2) continue;
    const free = victimsOf(point, random).filter((victim) => crashes.every((crash) => crash.victim !== victim));
    const victims = point.startsWith('O') ? free : free.slice(0, 1);
    const crash = `${point}:${random.between(1, mostPassages(point))}`;
    const after = random.between(5, 60) / 100;
    // Only one of two replicas relays the outbox, and which one is not ours to say: both are armed.
    if (crashes.length + victims.length <= 2) crashes.push(...victims.map((victim) => ({ victim, crash, after })));
  }
  return crashes;
}

function victimsOf(point: CrashPoint, random: Random): string[] {
  if (point.startsWith('I')) return random.shuffled(crew['webhook-ingress']);
  if (point.startsWith('A')) return random.shuffled(crew.audit);
  if (point.startsWith('C') && random.chance(0.2)) return [...crew.gateway];
  return random.shuffled(crew.subscription);
}

/** Some points are passed once per message, others once per batch. */
function mostPassages(point: CrashPoint): number {
  const isPerMessage = point.startsWith('I') || ['C1', 'C6', 'C7', 'A1', 'A5', 'O1', 'O2'].includes(point);
  return isPerMessage ? 60 : 5;
}

function planFault(random: Random, victims: ReadonlySet<string>): PlannedFault {
  return { ...chooseFault(random, victims), after: random.between(5, 95) / 100 };
}

function chooseFault(random: Random, victims: ReadonlySet<string>): Fault {
  const kind = random.pick([
    'cut',
    'cut',
    'half_open',
    'black_hole',
    'black_hole',
    'slow',
    'backends_killed',
    'rolling_restart',
    'postgres_restart',
  ] as const);
  const of = random.pick(['webhook-ingress', 'subscription', 'audit', 'gateway'] as const);
  const to = of === 'webhook-ingress' ? 'broker' : random.pick(['broker', 'database'] as const);
  switch (kind) {
    case 'cut':
    case 'half_open':
      return { kind, to, of };
    case 'black_hole':
      return { kind, to, of, ms: random.between(100, 900) };
    case 'slow':
      return { kind, to, of, latencyMs: random.between(2, 20), ms: random.between(200, 1500) };
    case 'backends_killed':
      return { kind, of: random.pick(['subscription', 'audit', 'gateway'] as const) };
    case 'rolling_restart': {
      const free = Object.values(crew)
        .flat()
        .filter((name) => !victims.has(name));
      return { kind, victim: random.pick(free) };
    }
    case 'postgres_restart':
      return { kind, signal: random.pick(['SIGINT', 'SIGQUIT'] as const) };
    default:
      return kind satisfies never;
  }
}

/** For people: what was done, and when. */
export function describePlan({ crashes, faults }: WavePlan): string {
  const lines = [
    ...crashes.map(({ victim, crash, after }) => ({ after, text: `${victim} is killed at ${crash}` })),
    ...faults.map(({ after, ...fault }) => ({ after, text: Object.values(fault).join(' ') })),
  ];
  return lines
    .toSorted((a, b) => a.after - b.after)
    .map(({ after, text }) => `  from ${Math.round(after * 100)} % of the deliveries: ${text}`)
    .join('\n');
}
