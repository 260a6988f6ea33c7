/** What a run does: `reconcile` is a catch-up followed by a sweep. */
export const runKinds = ['reconcile', 'catch_up', 'sweep', 'republish'] as const;
export type RunKind = (typeof runKinds)[number];

/**
 * `events`: publish what Stripe's list of events has and the inbox has not. `listing`: compare every subscription that Stripe
 * lists. `own`: note which of ours it did not list. `checking`: look again at what differed, report it and repair it.
 * `accounts`: announce every account again.
 */
export type Phase = 'events' | 'listing' | 'own' | 'checking' | 'accounts';

const phases: Record<RunKind, readonly [Phase, ...Phase[]]> = {
  reconcile: ['events', 'listing', 'own', 'checking'],
  catch_up: ['events'],
  sweep: ['listing', 'own', 'checking'],
  republish: ['accounts'],
};

/** How many of what; added to with each step. `docs/reconcile.md` says what each of them counts. */
export type Counts = Readonly<Record<string, number>>;

export interface Run {
  id: string;
  kind: RunKind;
  dryRun: boolean;
  /** `schedule`, `gap` (a catch-up that came too late), `stripe` (it could not make some events), or `ops:<user id>`. */
  requestedBy: string;
  note: string | null;
  phase: Phase;
  /** Where the phase goes on; null at its beginning. */
  position: string | null;
  counts: Counts;
  /** Failed steps in a row. */
  attempts: number;
  lastError: string | null;
  /** Why it was given up. */
  failure: string | null;
  requestedAt: Date;
  startedAt: Date | null;
  progressAt: Date | null;
  finishedAt: Date | null;
}

/** What one step of a phase came to. A phase is done without a next position. */
export interface Step {
  next: { position: string; waitMs?: number } | null;
  counts: Counts;
}

export function firstPhase(kind: RunKind): Phase {
  return phases[kind][0];
}

/** Null after the last. */
export function phaseAfter(kind: RunKind, phase: Phase): Phase | null {
  return phases[kind][phases[kind].indexOf(phase) + 1] ?? null;
}

/** What everything that a run leads to names as its cause. */
export function causeOf(runId: string): string {
  return `reconcile/${runId}`;
}

/** Who stands behind what a run announces; nobody where the service asked for it itself. */
export function actorOf({ requestedBy }: Pick<Run, 'requestedBy'>): { actor?: string } {
  return requestedBy.startsWith('ops:') ? { actor: requestedBy } : {};
}

export function added(counts: Counts, more: Counts): Counts {
  const sum = Object.entries(more).map(([name, count]): [string, number] => [name, (counts[name] ?? 0) + count]);
  return { ...counts, ...Object.fromEntries(sum) };
}

const longestPauseMs = 60_000;

/** After so many failed steps in a row: doubled each time, half of it at random. */
export function pauseAfterFailure(attempts: number, random: number): number {
  return Math.min(1_000 * 2 ** Math.min(attempts, 10), longestPauseMs) * (0.5 + random / 2);
}
