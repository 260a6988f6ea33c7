import type { RunningService } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import type { World } from '../running-service.spec-support.js';
import type { DriftAnswer, RunAnswer } from './reconcile-answer.js';
import type { RunKind } from './run.js';

export type Report = RunAnswer & { drift: DriftAnswer[]; next_cursor: string | null };

interface Order {
  dry_run?: boolean;
  kind?: RunKind;
}

/** Asks for a run and answers its id. */
export async function request(
  world: World,
  service: RunningService,
  { dry_run = false, kind = 'reconcile' }: Order = {},
): Promise<string> {
  const { status, body } = await world.order(service, '/v1/reconcile', { dry_run, kind });
  const id: unknown = Reflect.get(Object(body), 'id');
  if (status !== 202 || typeof id !== 'string') throw new Error(`${status} ${JSON.stringify(body)}`);
  return id;
}

/** Its report, once it has ended. */
export async function untilEnded(world: World, service: RunningService, id: string, ms = 20_000): Promise<Report> {
  return waitFor(
    `the end of run ${id}`,
    async () => {
      const report = await reportOf(world, service, id);
      return report.finished_at !== null && report;
    },
    ms,
  );
}

export async function reportOf(world: World, service: RunningService, id: string): Promise<Report> {
  const { status, body } = await world.ops(service, `/v1/reconcile/${id}`);
  if (status !== 200 || !isReport(body)) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

export async function reconcile(world: World, service: RunningService, order: Order = {}): Promise<Report> {
  return untilEnded(world, service, await request(world, service, order));
}

/** Forgets what other tests have left: a sweep asks Stripe about each of it, and tells of it in its report. */
export async function alone(world: World): Promise<void> {
  await world.query('DELETE FROM payment');
  await world.query('DELETE FROM subscription');
}

function isReport(body: unknown): body is Report {
  return typeof body === 'object' && body !== null && 'drift' in body;
}
