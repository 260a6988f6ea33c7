import { crashPoints, isCrashPoint, startPrivateServers } from '@billhook/testing';
import type { CrashPoint, PrivateServers } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceName } from '../../demo/src/system.js';
import { Scene } from './scene.spec-support.js';

const startMs = 180_000;
const caseMs = 180_000;

const points = Object.keys(crashPoints).filter(isCrashPoint);
const pointsOf: Partial<Record<ServiceName, CrashPoint[]>> = {
  'webhook-ingress': points.filter((point) => point.startsWith('I')),
  subscription: points.filter((point) => point.startsWith('C') || point.startsWith('O')),
  audit: points.filter((point) => point.startsWith('A')),
};
const victims: readonly ServiceName[] = ['webhook-ingress', 'subscription', 'audit'];

/** Up to three processes die in one round: each service at its own next point. */
const rounds = Array.from({ length: 11 }, (_, index) =>
  victims.flatMap((service) => {
    const point = pointsOf[service]?.[index];
    return point === undefined ? [] : [{ service, point, next: pointsOf[service]?.[index + 1] }];
  }),
);

let servers: PrivateServers;
let scene: Scene;

/** The crash at the first passage after its arming. */
const launch = (service: ServiceName, point: CrashPoint | undefined) =>
  scene.system.start(
    service,
    { crash: point === undefined ? undefined : `${point}:1`, isCrashArmedLater: true },
    `${service}-1`,
  );

beforeAll(async () => {
  servers = await startPrivateServers();
  const { infrastructure, reaper, folder } = servers;
  scene = await Scene.open({ infrastructure, reaper, folder }, { gateway: 1 });
  await Promise.all(victims.map((service) => launch(service, pointsOf[service]?.[0])));
}, startMs);

afterAll(async () => {
  await scene?.close();
  await servers?.reaper.close();
}, 60_000);

describe('F1, F2, F3, F24, F25: processes killed at', () => {
  it.each(rounds.map((round) => [round.map(({ point }) => point).join(', '), round] as const))(
    '%s lose nothing and double nothing',
    async (name, round) => {
      const [history] = scene.newHistories(`at${name.replaceAll(', ', '')}`, 1);
      if (history === undefined) throw new Error('no history');
      const doomed = round.map(({ service, next }) => ({
        service,
        next,
        replica: scene.system.replicasOf(service)[0],
      }));
      for (const { replica } of doomed) replica?.process.kill('SIGUSR2');
      const delivered = scene.deliverer.deliverAll(history.deliveries);
      for (const { service, next, replica } of doomed) {
        expect(await replica?.process.ended).toBe('SIGKILL');
        await launch(service, next);
      }
      await delivered;
      expect(await scene.verdict()).toEqual([]);
    },
    caseMs,
  );

  it('every point that there is', () => {
    expect(
      rounds
        .flat()
        .map(({ point }) => point)
        .toSorted(),
    ).toEqual(points.toSorted());
  });
});
