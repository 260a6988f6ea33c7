import type { ChildProcess } from 'node:child_process';
import { lastLines } from './log-file.js';
import { waitFor } from '../wait-for.js';

export interface StartingServer {
  name: string;
  process: ChildProcess;
  logFile: string;
  timeoutMs: number;
  /** Resolves with the server's version once it serves; rejects before that. */
  version: () => Promise<string>;
}

/** Waits until the server serves and returns its version; rejects with its last words if it ends or the time is over. */
export async function untilUp(server: StartingServer): Promise<string> {
  const hasEnded = (): boolean => server.process.exitCode !== null || server.process.signalCode !== null;
  const version = await waitFor(
    `${server.name} to serve (its log: ${server.logFile})`,
    async () => (hasEnded() ? '' : server.version()),
    server.timeoutMs,
  );
  if (version !== '') return version;
  throw new Error(`${server.name} ended while starting:\n${lastLines(server.logFile)}`);
}
