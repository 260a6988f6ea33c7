import type { ChildProcess } from 'node:child_process';
import { rabbitmqProgram } from './packages.process.js';
import { durable, hasty, startLocalPostgres } from './postgres.process.js';
import { startLocalRabbitmq } from './rabbitmq.process.js';
import { startReaper } from './reaper.process.js';
import type { Infrastructure, InfrastructureOptions } from './infrastructure.js';

export interface LocalServer {
  /** with its version */
  name: string;
  port: number;
  url: string;
  /** how long it took to come up */
  ms: number;
}

/** A server, and what it takes to start it again on the same port with the same data. */
export interface Killable<Server extends LocalServer> {
  server: Server;
  first: ChildProcess;
  spawn: () => ChildProcess;
  /** Resolves once what was spawned serves. */
  version: (server: ChildProcess) => Promise<string>;
  logFile: string;
}

/** Private servers of this run, from local programs. Nothing of them is left, however this process ends. */
export async function startLocalServers({ log, isDurable = false }: InfrastructureOptions): Promise<Infrastructure> {
  const program = rabbitmqProgram(log);
  const reaper = startReaper();
  const folder = reaper.folder('billhook-servers');
  const report = <T extends LocalServer>(server: T): T => {
    log(`${server.name} up on 127.0.0.1:${server.port} in ${(server.ms / 1000).toFixed(1)} s`);
    return server;
  };
  log(`starting PostgreSQL and RabbitMQ in ${folder} …`);
  try {
    const [postgres, rabbitmq] = await Promise.all([
      startLocalPostgres(reaper, folder, isDurable ? durable : hasty).then(report),
      startLocalRabbitmq(reaper, folder, program).then(report),
    ]);
    return {
      databaseAdminUrl: postgres.url,
      rabbitmqUrl: rabbitmq.url,
      rabbitmqManagementUrl: rabbitmq.managementUrl,
      source: 'local',
      stop: () => reaper.close(),
    };
  } catch (error) {
    await reaper.close();
    throw error;
  }
}
