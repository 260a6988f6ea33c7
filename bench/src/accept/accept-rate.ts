import type { Lab } from '../lab.js';
import { startContest } from './contest.process.js';

/** The ingress's rate at 32 connections, for parts that compare themselves with it in the same minutes. */
export interface AcceptRate {
  /** One burst, in events per second; its events are purged. Stop the consumers first. */
  measure(): Promise<number>;
  stop(): Promise<void>;
}

export async function startAcceptRate(lab: Lab): Promise<AcceptRate> {
  const contest = await startContest(lab);
  const burst = { connections: 32, events: 8_000 };
  await contest.ingress(burst);
  return { measure: async () => (await contest.ingress(burst)).perSecond, stop: () => contest.stop() };
}
