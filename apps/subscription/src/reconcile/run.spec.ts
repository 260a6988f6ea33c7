import { describe, expect, it, test } from '@jest/globals';
import { added, firstPhase, pauseAfterFailure, phaseAfter, runKinds } from './run.js';
import type { Phase, RunKind } from './run.js';

/** All phases of a run, by going from one to the next. */
function phasesOf(kind: RunKind): Phase[] {
  const phases: Phase[] = [];
  for (let phase: Phase | null = firstPhase(kind); phase !== null; phase = phaseAfter(kind, phase)) phases.push(phase);
  return phases;
}

describe('a run', () => {
  test.each<[RunKind, Phase[]]>([
    ['catch_up', ['events']],
    ['sweep', ['listing', 'own', 'checking']],
    ['reconcile', ['events', 'listing', 'own', 'checking']],
    ['republish', ['accounts']],
  ])('of the kind %s goes through %j', (kind, phases) => {
    expect(phasesOf(kind)).toEqual(phases);
  });

  it('of every kind ends', () => {
    expect(runKinds.map((kind) => phasesOf(kind).length)).toEqual([4, 1, 3, 1]);
  });

  it('adds what a step counted to what it had', () => {
    expect(added({ listed: 100, missing: 1 }, { listed: 20, extra: 2 })).toEqual({ listed: 120, missing: 1, extra: 2 });
  });
});

test.each([
  [0, 0, 500],
  [0, 1, 1_000],
  [3, 1, 8_000],
  [3, 0, 4_000],
  [50, 1, 60_000],
])('after %i failed steps and with a lot of %d it waits %i ms', (attempts, random, ms) => {
  expect(pauseAfterFailure(attempts, random)).toBe(ms);
});
