import { readdirSync, readFileSync } from 'node:fs';

/** A process and all that it started, by /proc: PostgreSQL's backends and Erlang's helpers have process groups of their own. */
export function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const withChildren = (pid: number): number[] => [pid, ...(childrenOf.get(pid) ?? []).flatMap(withChildren)];
  return withChildren(root);
}

/** The name in parentheses may itself hold spaces and parentheses. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it ended between the listing and the reading
  }
}

/** To all of them, parents first: a parent that is stopped starts no more. Those that are gone are gone. */
export function signalTree(root: number, signal: NodeJS.Signals): void {
  for (const pid of processTree(root)) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

/** Jest runs specs in a realm of its own: Node's errors are instances of another `Error` than theirs. */
function isGone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH';
}
