import { between, chance } from './chance.js';
import type { Delay, DeliveryChaos } from './chaos.request.js';

/** What goes wrong with one attempt: it never leaves, its connection breaks in mid-body, its signature is wrong. */
export type AttemptFault = 'lost' | 'cut' | 'bad_signature';

/** How long to hold an event back: in real milliseconds, or in seconds of the account's own clock. */
export type HoldingTime = { kind: 'real'; ms: number } | { kind: 'virtual'; seconds: number };

/** All that is decided about one delivery, before its first attempt. */
export interface DeliveryPlan {
  /** What the decisions hang on: the event's type and its place among those of that type. */
  key: string;
  isDropped: boolean;
  copies: number;
  /** Copies leave together with the original, else after it has arrived. */
  areConcurrent: boolean;
  hasThin: boolean;
  holdingTime: HoldingTime | null;
  isShuffled: boolean;
  /** By attempt; those after the last entry go well. */
  faults: readonly AttemptFault[];
}

/** A delivery with which nothing goes wrong. */
export const calm: DeliveryPlan = {
  key: '',
  isDropped: false,
  copies: 0,
  areConcurrent: false,
  hasThin: false,
  holdingTime: null,
  isShuffled: false,
  faults: [],
};

export function planFor(seed: number, knobs: DeliveryChaos, key: string): DeliveryPlan {
  const hits = (name: 'duplicate' | 'drop' | 'thin') => isHit(seed, { name, key, knob: knobs[name] });
  return {
    key,
    isDropped: hits('drop'),
    copies: hits('duplicate') ? (knobs.duplicate?.copies ?? 0) : 0,
    areConcurrent: knobs.duplicate?.concurrent ?? false,
    hasThin: hits('thin'),
    holdingTime: isHit(seed, { name: 'delay', key, knob: knobs.delay }) ? holdingTime(seed, key, knobs.delay) : null,
    isShuffled: knobs.shuffle !== undefined,
    faults: faultsOf(seed, knobs, key),
  };
}

/** Copies and thin events leave with the event they belong to; only their attempts go wrong on their own. */
export const extraPlanFor = (seed: number, knobs: DeliveryChaos, key: string): DeliveryPlan => ({
  ...calm,
  key,
  faults: faultsOf(seed, knobs, key),
});

/** Whether this attempt (from 0) is signed with the secret from before a rotation. */
export const hasOldSecret = (seed: number, knobs: DeliveryChaos, { key, attempt }: { key: string; attempt: number }) =>
  isHit(seed, { name: 'old_secret', key: `${key}/${attempt}`, knob: knobs.old_secret });

function faultsOf(seed: number, knobs: DeliveryChaos, key: string): AttemptFault[] {
  const hits = (name: 'drop_first_attempts' | 'cut' | 'bad_signature') => isHit(seed, { name, key, knob: knobs[name] });
  const lost = hits('drop_first_attempts') ? (knobs.drop_first_attempts?.attempts ?? 0) : 0;
  return [
    ...Array.from({ length: lost }, () => 'lost' as const),
    ...(hits('cut') ? (['cut'] as const) : []),
    ...(hits('bad_signature') ? (['bad_signature'] as const) : []),
  ];
}

interface Question {
  name: string;
  key: string;
  knob: { probability: number } | undefined;
}

const isHit = (seed: number, { name, key, knob }: Question) =>
  knob !== undefined && chance(seed, name, key) < knob.probability;

function holdingTime(seed: number, key: string, delay: Delay | undefined): HoldingTime | null {
  if (delay === undefined) return null;
  const at = chance(seed, 'holding_time', key);
  if ('max_seconds' in delay) {
    return { kind: 'virtual', seconds: between({ min: delay.min_seconds, max: delay.max_seconds }, at) };
  }
  return { kind: 'real', ms: between({ min: delay.min_ms, max: delay.max_ms }, at) };
}
