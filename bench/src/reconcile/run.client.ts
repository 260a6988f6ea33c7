import { waitFor } from '@billhook/testing';
import { z } from 'zod';
import type { Lab } from '../lab.js';

const report = z.object({
  id: z.string(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  failure: z.string().nullable(),
  counts: z.record(z.string(), z.number()),
});

/** What a run of reconcile came to. */
export interface EndedRun {
  seconds: number;
  counts: Record<string, number>;
}

const timeoutMs = 30 * 60_000;
const tokenAnswer = z.object({ token: z.string() });

/** One of the pretend Stripe's own controls. */
export async function control(lab: Lab, name: string, body: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${lab.ports['stripe-simulator']}/_simulator/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Asks for a run as ops, and waits for its end. */
export async function untilReconciled(lab: Lab, kind: 'catch_up' | 'sweep'): Promise<EndedRun> {
  const { token } = tokenAnswer.parse(await control(lab, 'identity/token', { sub: 'bench', roles: ['ops'] }));
  const url = `http://127.0.0.1:${lab.ports.subscription}/v1/reconcile`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ dry_run: false, kind });
  const asked = report.parse(await (await fetch(url, { method: 'POST', headers, body })).json());
  const ended = await waitFor(
    `the end of the ${kind}`,
    async () => {
      const seen = report.parse(await (await fetch(`${url}/${asked.id}?limit=1`, { headers })).json());
      return seen.finished_at !== null && seen;
    },
    timeoutMs,
  );
  if (ended.failure !== null) throw new Error(`the ${kind} failed: ${ended.failure}`);
  const [from, to] = [ended.started_at, ended.finished_at];
  if (from === null || to === null) throw new Error('a run that has ended has begun');
  return { seconds: (Date.parse(to) - Date.parse(from)) / 1_000, counts: ended.counts };
}
