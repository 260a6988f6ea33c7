import { execFileSync } from 'node:child_process';

export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function idOf(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}

/** The first of `names` that this machine knows, when we are root; undefined when we are not and need to be nobody else. */
export function unprivilegedUser(names: readonly string[]): SystemUser | undefined {
  if (!isRoot()) return undefined;
  for (const name of names) {
    try {
      return { name, uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      continue; // `id` ends with 1 for an unknown name
    }
  }
  throw new Error(`PostgreSQL refuses to run as root, and none of the users ${names.join(', ')} exists here`);
}
