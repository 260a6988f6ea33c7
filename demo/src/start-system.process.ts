import { ended, lastLines, projectFile, startReaper, waitFor } from '@billhook/testing';
import type { Infrastructure, Reaper } from '@billhook/testing';
import { join } from 'node:path';
import { preparePlace } from './place.store.js';
import type { Place } from './place.store.js';
import { claimPorts } from './ports.client.js';
import { settingsFor, systemAt } from './settings.js';
import type { Ports, ProcessName, Settings } from './settings.js';
import { managementDistance } from './system.js';
import type { RunningSystem } from './system.js';

const readyTimeoutMs = 60_000;
const probeTimeoutMs = 2_000;
const processes: ProcessName[] = ['stripe-simulator', 'gateway', 'webhook-ingress', 'subscription', 'audit'];

/** A process of the system that ended, or never became ready; the message holds its last words. */
export class ProcessFailed extends Error {
  override readonly name = 'ProcessFailed';
}

export interface StartedSystem {
  system: RunningSystem;
  /** Rejects with ProcessFailed when a process ends before `stop` is called; never resolves. */
  failure: Promise<never>;
  /** Where each process writes its log. */
  logFolder: string;
  /** Leaves the logs on disk. */
  keepLogs(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  infrastructure: Infrastructure;
  say: (line: string) => void;
  /** Whether the logs of a failed start are worth keeping; they are unless this says no. */
  keepLogsOfFailure?: () => boolean;
}

/**
 * Migrates, declares the topology, and starts the simulator and the four services from `dist`, each a process of its own,
 * ready to be used when this resolves. When it rejects, everything it began is stopped.
 */
export async function startSystem({ infrastructure, say, keepLogsOfFailure }: StartOptions): Promise<StartedSystem> {
  const place = await preparePlace(infrastructure);
  const claimed = await claimPorts();
  const reaper = startReaper();
  const logFolder = reaper.folder('billhook-logs');
  const crew = new Crew(reaper, logFolder);
  const stop = async (): Promise<void> => {
    crew.isStopping = true;
    await reaper.close();
    claimed.release();
    await place.remove();
  };
  try {
    await migrate(crew, place, say);
    await startAll(crew, claimed.ports, place, say);
  } catch (error) {
    if (keepLogsOfFailure?.() ?? true) reaper.keepFolder(logFolder);
    await stop();
    throw error;
  }
  const keepLogs = (): void => reaper.keepFolder(logFolder);
  return { system: systemAt(claimed.ports), failure: crew.failure, logFolder, keepLogs, stop };
}

/** The processes of one system. */
class Crew {
  isStopping = false;
  private fail: (error: ProcessFailed) => void;
  readonly failure = new Promise<never>((_resolve, reject) => (this.fail = reject));

  constructor(
    private readonly reaper: Reaper,
    private readonly logFolder: string,
  ) {
    this.failure.catch(() => undefined); // whoever waits for something races against it; nobody may be waiting yet
  }

  /** Runs a one-shot command to its end; rejects with its output if that is not 0. */
  async run(name: string, script: string, settings: Settings): Promise<void> {
    const child = this.spawn(name, script, settings);
    const code = await ended(child);
    if (code !== 0) throw this.failed(name, `ended with ${String(code)}`);
  }

  start(name: ProcessName, settings: Settings): void {
    const child = this.spawn(name, `apps/${name}/src/main.js`, settings);
    child.once('exit', (code, signal) => {
      if (!this.isStopping) this.fail(this.failed(name, `ended with ${code ?? signal}`));
    });
  }

  failed(name: string, what: string): ProcessFailed {
    const log = this.logOf(name);
    return new ProcessFailed(`${name} ${what}; its last words (all of them in ${log}):\n${lastLines(log)}`);
  }

  private logOf(name: string): string {
    return join(this.logFolder, `${name}.log`);
  }

  private spawn(name: string, script: string, settings: Settings): ReturnType<Reaper['spawn']> {
    return this.reaper.spawn(process.execPath, ['--enable-source-maps', projectFile(`dist/${script}`)], {
      logFile: this.logOf(name),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC', ...settings },
    });
  }
}

async function migrate(crew: Crew, place: Place, say: (line: string) => void): Promise<void> {
  const startedAt = performance.now();
  const services = ['gateway', 'subscription', 'audit'] as const;
  await Promise.all([
    ...services.map((service) =>
      crew.run(`migrate-${service}`, `apps/${service}/src/migrate.command.js`, {
        DATABASE_ADMIN_URL: place.databaseAdminUrl,
        DATABASE_URL: place.databaseUrls[service],
      }),
    ),
    crew.run('declare-topology', 'apps/webhook-ingress/src/declare-topology.command.js', {
      RABBITMQ_URL: place.rabbitmqUrl,
    }),
  ]);
  say(`three schemas migrated, topology declared in ${secondsSince(startedAt)}`);
}

async function startAll(crew: Crew, ports: Ports, place: Place, say: (line: string) => void): Promise<void> {
  const settings = settingsFor(ports, place);
  for (const name of processes) crew.start(name, settings[name]);
  const ready = processes.map(async (name) => {
    const startedAt = performance.now();
    const url = readinessUrl(name, ports[name]);
    await waitFor(`${name} to be ready at ${url}`, () => answersOk(url), readyTimeoutMs).catch((error: unknown) => {
      throw crew.failed(name, error instanceof Error ? error.message : String(error));
    });
    say(`${name} ready on http://localhost:${ports[name]} in ${secondsSince(startedAt)}`);
  });
  await Promise.race([Promise.all(ready), crew.failure]);
}

function readinessUrl(name: ProcessName, port: number): string {
  if (name === 'stripe-simulator') return `http://127.0.0.1:${port}/_simulator/health`;
  return `http://127.0.0.1:${port + managementDistance}/health/ready`;
}

async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) });
  const text = await response.text();
  if (!response.ok) throw new Error(`it answers ${response.status} ${text.slice(0, 300)}`);
  return true;
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
