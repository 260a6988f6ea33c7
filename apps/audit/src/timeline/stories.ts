import type { LinkedEntry } from '../query/entries.store.js';
import { at } from '../trail/storable.js';
import type { Json } from '../trail/storable.js';

/** From what somebody asked for to what came of it. */
export type Stage = 'request' | 'stripe' | 'decision' | 'tier' | 'other';

export interface Step {
  stage: Stage;
  seq: number;
  id: string;
  type: string;
  /** The step that led to this one, where it is in the trail; else the id that it names. */
  cause: { id: string; seq: number | null } | null;
  request_id: string | null;
  occurred_at: string | null;
  recorded_at: string;
  ip: string | null;
  user_agent: string | null;
  /** Of a decision, the subscription; of a tier, its number. Undefined where nothing was before or after. */
  before?: Json;
  after?: Json;
  data: Json;
}

/** What hangs together, oldest first: a request, what Stripe told of it, what was decided, and the tier that came of it. */
export interface Story {
  /** When its newest step was recorded. */
  at: string;
  steps: Step[];
}

const stages: readonly [Stage, RegExp][] = [
  ['stripe', /^stripe\./],
  ['tier', /^billing\.tier\.|^billing\.account\.changed$/],
  ['decision', /^billing\.(subscription|payment|duplicate_subscription|drift|event)\./],
  ['request', /^billing\.(account|checkout|portal|cancellation|resumption|change|customer|reconcile)\./],
];

export function stageOf(type: string): Stage {
  return stages.find(([, pattern]) => pattern.test(type))?.[0] ?? 'other';
}

/** Newest story first. `entries` in any order, each once. */
export function storiesOf(entries: readonly LinkedEntry[]): Story[] {
  const bySeq = entries.toSorted((a, b) => a.seq - b.seq);
  const seqOf = new Map(bySeq.map((entry) => [entry.id, entry.seq]));
  const steps = groupsOf(bySeq).map((group) => group.map((entry) => toStep(entry, seqOf)));
  return steps
    .map((group) => ({ at: group.at(-1)?.recorded_at ?? '', steps: group }))
    .toSorted((a, b) => newestSeqOf(b) - newestSeqOf(a));
}

export function newestSeqOf({ steps }: Story): number {
  return steps.at(-1)?.seq ?? 0;
}

/** Entries that share one of these belong together: an event and what it caused, a request, a Checkout session. */
export function keysOf({ id, cause_id, request_id, stripe_ids }: LinkedEntry): string[] {
  return [
    `event ${id}`,
    ...(cause_id === null ? [] : [`event ${cause_id}`]),
    ...(request_id === null ? [] : [`request ${request_id}`]),
    ...sessionsOf(stripe_ids).map((session) => `event ${session}`),
  ];
}

/** Of Stripe's ids only these are of one purchase; a customer or a subscription goes through many. */
export function sessionsOf(stripeIds: readonly string[]): string[] {
  return stripeIds.filter((id) => id.startsWith('cs_'));
}

/** Each group keeps the order of `entries`. */
function groupsOf(entries: readonly LinkedEntry[]): LinkedEntry[][] {
  const groups = new Map<string, Set<LinkedEntry>>();
  for (const entry of entries) {
    const keys = keysOf(entry);
    const group = new Set([...keys.flatMap((key) => [...(groups.get(key) ?? [])]), entry]);
    for (const each of group) for (const key of keysOf(each)) groups.set(key, group);
  }
  return [...new Set(groups.values())].map((group) => [...group].toSorted((a, b) => a.seq - b.seq));
}

function toStep(entry: LinkedEntry, seqOf: ReadonlyMap<string, number>): Step {
  const { seq, id, type, cause_id, request_id, occurred_at, recorded_at, ip, user_agent, data } = entry;
  const stage = stageOf(type);
  const cause = cause_id === null ? null : { id: cause_id, seq: seqOf.get(cause_id) ?? null };
  return {
    stage,
    seq,
    id,
    type,
    cause,
    request_id,
    occurred_at,
    recorded_at,
    ip,
    user_agent,
    ...changeOf(type, data),
    data,
  };
}

function changeOf(type: string, data: Json): { before?: Json; after?: Json } {
  const [before, after] = type === 'billing.tier.changed' ? ['from', 'to'] : ['before', 'after'];
  const [was, is] = [at(data, before), at(data, after)];
  return { ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) };
}
