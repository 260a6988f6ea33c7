import { ProcessFailed, startReaper, startServiceProcess } from '@billhook/testing';
import type { Infrastructure, Reaper, ServiceProcess } from '@billhook/testing';
import { join } from 'node:path';
import { runDeployStep } from './deploy-step.process.js';
import { preparePlace } from './place.store.js';
import type { Place } from './place.store.js';
import { claimPorts } from './ports.client.js';
import { settingsFor, systemAt } from './settings.js';
import type { Ports, ProcessName, Settings } from './settings.js';
import { managementDistance } from './system.js';
import type { RunningSystem } from './system.js';

const processes: ProcessName[] = ['stripe-simulator', 'gateway', 'webhook-ingress', 'subscription', 'audit'];

export interface StartedSystem {
  system: RunningSystem;
  /** Rejects with ProcessFailed when a process ends before `stop` is called; never resolves. */
  failure: Promise<never>;
  /** Where its data lies. */
  place: Place;
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
    const startedAt = performance.now();
    await runDeployStep(place, { reaper, logFolder });
    say(`three schemas migrated, topology declared in ${secondsSince(startedAt)}`);
    await startAll(crew, claimed.ports, place, say);
  } catch (error) {
    if (keepLogsOfFailure?.() ?? true) reaper.keepFolder(logFolder);
    await stop();
    throw error;
  }
  const keepLogs = (): void => reaper.keepFolder(logFolder);
  return { system: systemAt(claimed.ports), failure: crew.failure, place, logFolder, keepLogs, stop };
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

  start(name: ProcessName, settings: Settings): ServiceProcess {
    const logFile = join(this.logFolder, `${name}.log`);
    const script = `apps/${name}/src/main.js`;
    const service = startServiceProcess({ reaper: this.reaper, name, script, settings, logFile });
    const report = (how: unknown): void => {
      if (!this.isStopping) this.fail(service.failure(`ended with ${String(how)}`));
    };
    service.ended.then(report, report);
    return service;
  }
}

async function startAll(crew: Crew, ports: Ports, place: Place, say: (line: string) => void): Promise<void> {
  const settings = settingsFor(ports, place);
  const ready = processes
    .map((name) => ({ name, service: crew.start(name, settings[name]) }))
    .map(async ({ name, service }) => {
      const startedAt = performance.now();
      await service.untilReady(readinessUrl(name, ports[name]));
      say(`${name} ready on http://localhost:${ports[name]} in ${secondsSince(startedAt)}`);
    });
  await Promise.race([Promise.all(ready), crew.failure]);
}

function readinessUrl(name: ProcessName, port: number): string {
  if (name === 'stripe-simulator') return `http://127.0.0.1:${port}/_simulator/health`;
  return `http://127.0.0.1:${port + managementDistance}/health/ready`;
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
