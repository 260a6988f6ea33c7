import type { ChildProcess } from 'node:child_process';
import { ended } from './infrastructure/reaper.process.js';
import type { Reaper } from './infrastructure/reaper.process.js';
import { projectFile } from './infrastructure/project.js';
import { lastLines } from './infrastructure/log-file.js';
import { processSettings } from './process-settings.js';
import { waitFor } from './wait-for.js';

export interface ServiceProcessOptions {
  reaper: Reaper;
  /** For messages. */
  name: string;
  /** Below `dist`, e.g. `apps/gateway/src/main.js`. */
  script: string;
  /** Its whole environment, but for PATH, HOME, TZ and the image's own. */
  settings: Readonly<Record<string, string>>;
  logFile: string;
  /** For Node itself, e.g. `--import` and a file. */
  nodeArguments?: readonly string[];
  /** For the program. */
  programArguments?: readonly string[];
}

/** A process that ended, or never became ready; the message holds its last words. */
export class ProcessFailed extends Error {
  override readonly name = 'ProcessFailed';
}

/** One compiled program of the project, running. */
export interface ServiceProcess {
  name: string;
  pid: number;
  logFile: string;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once this URL answers 2xx; rejects with ProcessFailed when the process ends first, or the time does. */
  untilReady(url: string, timeoutMs?: number): Promise<void>;
  failure(what: string): ProcessFailed;
}

const readyTimeoutMs = 60_000;
const probeTimeoutMs = 2_000;

export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { reaper, name, script, settings, logFile, nodeArguments = [], programArguments = [] } = options;
  const program = [...nodeArguments, projectFile(`dist/${script}`), ...programArguments];
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TZ: 'UTC',
    ...processSettings,
    ...settings,
  };
  const child = reaper.spawn(process.execPath, program, { logFile, env: environment });
  const failure = (what: string): ProcessFailed =>
    new ProcessFailed(`${name} ${what}; its last words (all of them in ${logFile}):\n${lastLines(logFile)}`);
  const over = ended(child);
  return {
    name,
    pid: pidOf(child),
    logFile,
    ended: over,
    kill: (signal) => void child.kill(signal),
    failure,
    untilReady: async (url, timeoutMs = readyTimeoutMs) => {
      const died = over.then((how) => Promise.reject(failure(`ended with ${String(how)}`)));
      const ready = waitFor(`${name} to be ready at ${url}`, () => answersOk(url), timeoutMs);
      await Promise.race([ready, died]).catch((error: unknown) => {
        throw error instanceof ProcessFailed ? error : failure(error instanceof Error ? error.message : String(error));
      });
    },
  };
}

/** Runs a program to its end. Rejects with ProcessFailed unless that is 0. */
export async function runProcess(options: ServiceProcessOptions): Promise<void> {
  const program = startServiceProcess(options);
  const how = await program.ended;
  if (how !== 0) throw program.failure(`ended with ${String(how)}`);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('a process that was started has a pid');
  return pid;
}

async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) });
  const text = await response.text();
  if (!response.ok) throw new Error(`it answers ${response.status} ${text.slice(0, 300)}`);
  return true;
}
