// One round of what `make test-faults` does at length: three processes die at once, at their most delicate moments.
import { infrastructureOfThisRun, startReaper } from '@billhook/testing';
import type { Reaper } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Scene } from './scene.spec-support.js';

const crashes = { 'webhook-ingress': 'I4:3', subscription: 'C5:2', audit: 'A3:2' } as const;

let reaper: Reaper;
let scene: Scene;

beforeAll(async () => {
  reaper = startReaper();
  const infrastructure = infrastructureOfThisRun();
  scene = await Scene.open({ infrastructure, reaper, folder: reaper.folder('billhook-crash') }, { gateway: 1 });
}, 120_000);

afterAll(async () => {
  await scene?.close();
  await reaper?.close();
}, 30_000);

describe('F1, F24, F25: three processes killed at once', () => {
  it('after the confirm, and with COMMIT on its way, lose nothing and double nothing', async () => {
    const doomed = await Promise.all(
      (['webhook-ingress', 'subscription', 'audit'] as const).map((service) =>
        scene.system.start(service, { crash: crashes[service] }),
      ),
    );
    const deliveries = scene.newHistories('threeDie', 3).flatMap((history) => history.deliveries);
    const delivered = scene.deliverer.deliverAll(deliveries);
    await Promise.all(
      doomed.map(async ({ service, name, process }) => {
        expect(await process.ended).toBe('SIGKILL');
        await scene.system.start(service, {}, name);
      }),
    );
    await delivered;
    expect(await scene.verdict()).toEqual([]);
  }, 120_000);
});
