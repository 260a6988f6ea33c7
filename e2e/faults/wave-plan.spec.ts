import { crashPoints } from '@billhook/testing';
import { expect, it } from '@jest/globals';
import { crew, describePlan, planWave } from './wave-plan.js';

const waves = Array.from({ length: 20 }, (_, index) => planWave(42, index));

it('plans the same wave from the same seed, alone or among others', () => {
  expect(planWave(42, 7)).toEqual(waves[7]);
  expect(planWave(43, 7)).not.toEqual(waves[7]);
});

it('never kills more than two processes in a wave', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    for (let index = 0; index < 20; index += 1) expect(planWave(seed, index).crashes.length).toBeLessThanOrEqual(2);
  }
});

it('gives nearly every crash point its turn in twenty waves', () => {
  const points = new Set(waves.flatMap(({ crashes }) => crashes.map(({ crash }) => crash.split(':')[0])));
  expect(points.size).toBeGreaterThanOrEqual(Object.keys(crashPoints).length - 4);
});

it('restarts nobody in good order whom it means to kill', () => {
  for (const { crashes, faults } of waves) {
    const restarted = faults.flatMap((fault) => (fault.kind === 'rolling_restart' ? [fault.victim] : []));
    expect(crashes.filter(({ victim }) => restarted.includes(victim))).toEqual([]);
    expect(
      crashes.every(({ victim }) =>
        Object.values(crew)
          .flat()
          .some((name) => name === victim),
      ),
    ).toBe(true);
  }
});

it('says in words what it will do', () => {
  for (const wave of waves)
    expect(describePlan(wave).split('\n')).toHaveLength(wave.crashes.length + wave.faults.length);
});
