import { startServiceProcess, waitFor } from '@billhook/testing';
import type { ServiceProcess } from '@billhook/testing';
import { join } from 'node:path';
import type { ProcessName } from '../../demo/src/settings.js';
import { managementDistance } from '../../demo/src/system.js';
import type { Lab } from './lab.js';

/** A service started from `dist`, ready; whoever starts it stops it. */
export interface Member extends ServiceProcess {
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

export type Service = Exclude<ProcessName, 'stripe-simulator'>;

const stopTimeoutMs = 20_000;
/** A folder for the CPU profiles of the measured services; profiling slows them down, so such figures are none to keep. */
const profileFolder = process.env['PROFILE'];

export function startMember(lab: Lab, name: Service): Promise<Member> {
  return start(lab, name, `http://127.0.0.1:${lab.ports[name] + managementDistance}/health/ready`);
}

/** Only for the parts that ask Stripe; all others do without it. */
export function startSimulator(lab: Lab): Promise<Member> {
  return start(lab, 'stripe-simulator', `http://127.0.0.1:${lab.ports['stripe-simulator']}/_simulator/health`);
}

async function start(lab: Lab, name: ProcessName, readyUrl: string): Promise<Member> {
  const service = startServiceProcess({
    reaper: lab.reaper,
    name,
    script: `apps/${name}/src/main.js`,
    settings: lab.settings[name],
    logFile: join(lab.logFolder, `${name}.log`),
    nodeArguments: profilingArguments(name),
  });
  await service.untilReady(readyUrl);
  return { ...service, stop: () => stop(service) };
}

export async function stopAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.stop()));
}

async function stop(service: ServiceProcess): Promise<void> {
  let hasEnded = false;
  const over = service.ended.then(() => (hasEnded = true));
  service.kill('SIGTERM');
  await Promise.race([over, waitFor(`${service.name} to end`, () => hasEnded, stopTimeoutMs)]);
}

/** None, unless PROFILE names a folder. */
export function profilingArguments(name: string): string[] {
  if (profileFolder === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`];
}
