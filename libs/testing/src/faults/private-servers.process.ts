import type { ChildProcess } from 'node:child_process';
import type { Infrastructure } from '../infrastructure/infrastructure.js';
import { lastLines } from '../infrastructure/log-file.js';
import type { Killable, LocalServer } from '../infrastructure/local.process.js';
import { rabbitmqProgram } from '../infrastructure/packages.process.js';
import { startKillablePostgres } from '../infrastructure/postgres.process.js';
import { startKillableRabbitmq } from '../infrastructure/rabbitmq.process.js';
import { ended, startReaper } from '../infrastructure/reaper.process.js';
import type { Reaper } from '../infrastructure/reaper.process.js';
import { signalTree } from './process-tree.process.js';

/** A server that a test kills, freezes and starts again, on the same port and with the same data. */
export interface KillableServer {
  url: string;
  port: number;
  /** Its own way to stop: SIGINT and SIGQUIT are PostgreSQL's "fast" and "immediate". Resolves once it has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** SIGKILL to all its processes. */
  kill(): Promise<void>;
  /** Nothing answers and nothing is closed, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Resolves once it serves again. */
  start(): Promise<void>;
}

export interface KillableBroker extends KillableServer {
  /** Runs `rabbitmqctl` against this node; rejects with its output when it fails. */
  control(...args: string[]): Promise<void>;
  /** Where its data lies. */
  home: string;
}

/** A PostgreSQL and a RabbitMQ of a fault test's own: other specs share theirs and would be killed along. */
export interface PrivateServers {
  infrastructure: Infrastructure;
  postgres: KillableServer;
  rabbitmq: KillableBroker;
  /** Whatever else the test starts ends with the servers. */
  reaper: Reaper;
  folder: string;
}

export async function startPrivateServers(log: (line: string) => void = () => undefined): Promise<PrivateServers> {
  const program = rabbitmqProgram(log);
  const reaper = startReaper();
  const folder = reaper.folder('billhook-faults');
  try {
    const [postgres, rabbitmq] = await Promise.all([
      startKillablePostgres(reaper, folder),
      startKillableRabbitmq(reaper, folder, program),
    ]);
    const infrastructure: Infrastructure = {
      databaseAdminUrl: postgres.server.url,
      rabbitmqUrl: rabbitmq.server.url,
      rabbitmqManagementUrl: rabbitmq.server.managementUrl,
      source: 'local',
      stop: () => reaper.close(),
    };
    const control = async (...args: string[]): Promise<void> => {
      const code = await ended(rabbitmq.control(args));
      if (code !== 0) throw new Error(`rabbitmqctl ${args.join(' ')}:\n${lastLines(`${rabbitmq.logFile}.control`)}`);
    };
    const broker = { ...controlled(rabbitmq), control, home: rabbitmq.home };
    return { infrastructure, postgres: controlled(postgres), rabbitmq: broker, reaper, folder };
  } catch (error) {
    await reaper.close();
    throw error;
  }
}

function controlled(killable: Killable<LocalServer>): KillableServer {
  let current = killable.first;
  return {
    url: killable.server.url,
    port: killable.server.port,
    stop: (signal) => endOf(current, () => void current.kill(signal)),
    kill: () => endOf(current, () => signalTree(pidOf(current), 'SIGKILL')),
    freeze: () => signalTree(pidOf(current), 'SIGSTOP'),
    thaw: () => signalTree(pidOf(current), 'SIGCONT'),
    start: async () => {
      current = killable.spawn();
      await killable.version(current);
    },
  };
}

async function endOf(child: ChildProcess, end: () => void): Promise<void> {
  const over = ended(child);
  end();
  await over;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('a process that was started has a pid');
  return pid;
}
