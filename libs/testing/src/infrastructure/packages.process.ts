import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectFile } from './project.js';

// Debian's /usr/sbin/rabbitmq-server is a wrapper that, called by root, becomes user rabbitmq in a folder of its own; the
// program behind it runs as whoever calls it. Elsewhere (Homebrew, a tarball) the one on PATH is the program itself.
const debianProgram = '/usr/lib/rabbitmq/bin/rabbitmq-server';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findRabbitmq(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'rabbitmq-server'));
  return [debianProgram, ...onPath].find(isExecutable);
}

/** The rabbitmq-server of this machine, installed with apt if there is none and that is possible. */
export function rabbitmqProgram(log: (line: string) => void): string {
  const found = findRabbitmq();
  if (found) return found;
  log('no rabbitmq-server here: installing it with apt (about a minute, once) …');
  const startedAt = performance.now();
  const installed = spawnSync('bash', [projectFile('deploy/apt-install.sh'), 'rabbitmq-server'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const program = findRabbitmq();
  if (installed.status === 0 && program) {
    log(`rabbitmq-server installed in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return program;
  }
  throw new Error(`no rabbitmq-server, and apt could not install it (${installed.stderr.trim() || 'no apt here'})`);
}
