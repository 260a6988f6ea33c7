import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { waitFor } from '../wait-for.js';
import { projectFile } from './project.js';

const startMs = 120_000;

const source = (file: string): string => projectFile(`libs/testing/src/infrastructure/${file}`);

/** Starts private servers in a Node process of its own and prints where, as the demo or a test run does. */
const orchestrator = `
  await import(${JSON.stringify(projectFile('libs/testing/src/jest/typescript-names.ts'))});
  const { startLocalServers } = await import(${JSON.stringify(source('local.process.ts'))});
  const { endWithParent } = await import(${JSON.stringify(source('parent.process.ts'))});
  endWithParent(() => process.exit(1));
  const servers = await startLocalServers({ log: (line) => console.log(line) });
  process.on('SIGINT', () => servers.stop().then(() => process.exit(0)));
  console.log('READY');
  setInterval(() => undefined, 1_000);
`;

interface Orchestrator {
  process: ChildProcess;
  folder: string;
}

async function startOrchestrator(): Promise<Orchestrator> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', orchestrator], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitFor(
    'the orchestrator to be ready',
    () => {
      if (child.exitCode !== null) return 'ended';
      return said.includes('READY');
    },
    startMs,
  );
  const folder = /in (\/\S+billhook-servers-\S+)/.exec(said)?.[1];
  if (child.exitCode !== null || folder === undefined) throw new Error(`no servers: ${said}`);
  return { process: child, folder };
}

/** Programs that work in that folder: by environment, arguments or current directory. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const [environ, cmdline, stat] = ['environ', 'cmdline', 'stat'].map((file) =>
          readFileSync(`/proc/${pid}/${file}`, 'utf8'),
        );
        const isOurs = environ?.includes(folder) === true || cmdline?.includes(folder) === true;
        const isZombie = stat?.includes(') Z ') === true;
        return isOurs && !isZombie ? [/\((.*)\)/.exec(stat ?? '')?.[1] ?? pid] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}

it(
  'leaves no PostgreSQL, RabbitMQ or epmd and no folder when the process that started them is killed outright',
  async () => {
    const { process: child, folder } = await startOrchestrator();
    expect(processesOf(folder)).toEqual(expect.arrayContaining(['beam.smp', 'epmd', 'postgres']));
    child.kill('SIGKILL');
    await waitFor('the servers to be gone', () => processesOf(folder).length === 0, 20_000);
    await waitFor('the folder to be gone', () => !existsSync(folder), 20_000);
  },
  startMs + 60_000,
);

it(
  'stops two private sets at once in good order, each without disturbing the other',
  async () => {
    const [one, two] = await Promise.all([startOrchestrator(), startOrchestrator()]);
    one.process.kill('SIGINT');
    await waitFor('the first to end', () => one.process.exitCode !== null, 15_000);
    expect(one.process.exitCode).toBe(0);
    expect(processesOf(one.folder)).toEqual([]);
    expect(existsSync(one.folder)).toBe(false);
    expect(processesOf(two.folder)).toEqual(expect.arrayContaining(['beam.smp', 'epmd', 'postgres']));
    two.process.kill('SIGINT');
    await waitFor('the second to end', () => two.process.exitCode !== null, 15_000);
    expect(processesOf(two.folder)).toEqual([]);
  },
  2 * startMs,
);
