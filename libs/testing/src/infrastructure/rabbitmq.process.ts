import type { ChildProcess } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { managementAnswers, rabbitmqVersion } from './answers.client.js';
import type { Killable, LocalServer } from './local.process.js';
import { freePort } from './ports.client.js';
import type { Reaper } from './reaper.process.js';
import { isRoot, unprivilegedUser } from './system-user.process.js';
import { untilUp } from './until-up.process.js';

const startTimeoutMs = 90_000;

interface Ports {
  amqp: number;
  management: number;
  distribution: number;
  epmd: number;
}

/**
 * Everything a node would otherwise share with others on the machine is its own: name, ports, folders, cookie (in HOME), and
 * even epmd. Erlang starts one epmd per machine and leaves it behind; ours runs in the foreground on a port of its own.
 */
function environmentOf(home: string, ports: Ports): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LC_ALL: 'C.UTF-8',
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `billhook-${ports.amqp}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'empty.conf'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    // Without `+sbwt none` idle schedulers spin and take the cores that the services under test need.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none',
  };
}

function configurationOf(ports: Ports, password: string): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${ports.management}`,
    'default_user = billhook',
    `default_pass = ${password}`,
    'collect_statistics_interval = 1000',
    'log.file = false',
    'log.console = true',
    'log.console.level = warning',
    '',
  ].join('\n');
}

/**
 * Statistics as fresh as specs need them. By default a quorum queue tells its depth every five seconds, and the management API
 * takes a sample as rarely: whoever waits for an empty queue would wait for that.
 */
const freshStatistics = `[
  {rabbit, [{quorum_tick_interval, 1000}]},
  {rabbitmq_management, [{sample_retention_policies,
    [{global, [{605, 1}]}, {basic, [{605, 1}]}, {detailed, [{605, 1}]}]}]}
].
`;

/** A private RabbitMQ with its management API on free ports of 127.0.0.1, its data inside `folder`. */
export async function startLocalRabbitmq(reaper: Reaper, folder: string, program: string): Promise<BrokerServer> {
  return (await startKillableRabbitmq(reaper, folder, program)).server;
}

/** The same, for a test that kills it and starts it again. */
export async function startKillableRabbitmq(reaper: Reaper, folder: string, program: string): Promise<KillableBroker> {
  const startedAt = performance.now();
  const user = isRoot() ? unprivilegedUser(['rabbitmq', 'nobody']) : undefined;
  const home = join(folder, 'rabbitmq');
  const ports = {
    amqp: await freePort(),
    management: await freePort(),
    distribution: await freePort(),
    epmd: await freePort(),
  };
  const password = randomBytes(12).toString('hex');
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, 'rabbitmq.conf'), configurationOf(ports, password));
  writeFileSync(join(home, 'enabled_plugins'), '[rabbitmq_management].\n');
  writeFileSync(join(home, 'advanced.config'), freshStatistics);
  writeFileSync(join(home, 'empty.conf'), '');
  for (const path of ['', 'enabled_plugins']) if (user) chownSync(join(home, path), user.uid, user.gid);

  const logFile = join(folder, 'rabbitmq.log');
  const environment = environmentOf(home, ports);
  const options = { logFile, cwd: home, env: environment, ...(user && { user }) };
  reaper.spawn('epmd', ['-port', String(ports.epmd), '-address', '127.0.0.1'], options);
  // Its data is thrown away: nothing is worth the six seconds of an orderly shutdown.
  const spawn = (): ChildProcess => reaper.spawn(program, [], { ...options, stopSignal: 'SIGKILL' });
  const url = `amqp://billhook:${password}@127.0.0.1:${ports.amqp}`;
  const managementUrl = `http://billhook:${password}@127.0.0.1:${ports.management}`;
  const version = (server: ChildProcess): Promise<string> =>
    untilUp({
      name: 'RabbitMQ',
      process: server,
      logFile,
      timeoutMs: startTimeoutMs,
      // Both doors must serve: the AMQP listener opens after the plugins, the management API before its database is ready.
      version: () => managementAnswers(managementUrl).then(() => rabbitmqVersion(url)),
    });
  const first = spawn();
  const name = `RabbitMQ ${await version(first)}`;
  const server = { name, port: ports.amqp, url, managementUrl, ms: performance.now() - startedAt };
  const controlOptions = { logFile: `${logFile}.control`, cwd: home, env: environment, ...(user && { user }) };
  const control = (args: readonly string[]): ChildProcess =>
    reaper.spawn(program.replace(/rabbitmq-server$/, 'rabbitmqctl'), args, controlOptions);
  return { server, first, spawn, version, logFile, control, home };
}

export interface BrokerServer extends LocalServer {
  managementUrl: string;
}

export interface KillableBroker extends Killable<BrokerServer> {
  /** Runs `rabbitmqctl` against this node. */
  control: (args: readonly string[]) => ChildProcess;
  /** Its data, logs and cookie. */
  home: string;
}
