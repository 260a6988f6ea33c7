import { startPrivateServers } from '@billhook/testing';
import type { PrivateServers } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { FaultSystem } from './fault-system.spec-support.js';
import { describePlan, planWave } from './wave-plan.js';
import { Supervisor } from './wave.spec-support.js';

const startMs = 180_000;
const waveMs = 180_000;
const historiesPerWave = 50;

const seed = Number(process.env['SEED'] ?? randomInt(1, 1_000_000));
const total = Number(process.env['HISTORIES'] ?? 500);
const only = process.env['WAVE'];
const count = Math.ceil(total / historiesPerWave);
const indexes = only === undefined ? Array.from({ length: count }, (_, index) => index) : [Number(only)];
const plans = indexes.map((index) => planWave(seed, index));

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const say = (line: string): void => void process.stderr.write(`[faults] ${line}\n`);

let servers: PrivateServers;
let system: FaultSystem;
let supervisor: Supervisor;
let hasFailed = false;

beforeAll(async () => {
  servers = await startPrivateServers();
  const { infrastructure, reaper, folder } = servers;
  system = await FaultSystem.create({ infrastructure, reaper, folder });
  supervisor = new Supervisor(system, servers, plans, historiesPerWave);
  await supervisor.start();
}, startMs);

afterEach(() => {
  const { currentTestName } = expect.getState();
  if (!hasFailed || currentTestName === undefined) return;
  servers.reaper.keepFolder(servers.folder);
});

afterAll(async () => {
  supervisor?.stop();
  await system?.end();
  await servers?.reaper.close();
  if (supervisor) say(`${supervisor.crashes.length} crashes: ${supervisor.crashes.toSorted().join(', ')}`);
}, 60_000);

describe(`${plans.length * historiesPerWave} histories of seed ${seed}`, () => {
  it.each(plans)(
    'wave $index loses nothing, doubles nothing, and ends in the truth',
    async (plan) => {
      hasFailed = true;
      try {
        const report = await supervisor.play(plan);
        say(
          `wave ${plan.index}: ${historiesPerWave} histories, ${report.deliveries} deliveries (${report.refused} sent again), ` +
            `killed: ${report.crashes.join(', ') || 'nobody'}, ${plan.faults.length} other faults, ` +
            `${seconds(report.ms)} (delivered after ${seconds(report.deliveredMs)}, waited for ${report.waitedFor} in the end)`,
        );
        expect(report.violations).toEqual([]);
        hasFailed = false;
      } catch (error) {
        say(`wave ${plan.index} failed. Its schedule:\n${describePlan(plan)}`);
        say(`the same again: make test-faults SEED=${seed} WAVE=${plan.index}   (its logs: ${servers.folder})`);
        throw error;
      }
    },
    waveMs,
  );
});
