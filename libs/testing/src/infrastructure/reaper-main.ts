// The reaper: a detached process that outlives whoever started the infrastructure, however that one ended. It learns from
// its standard input what there is to clean up (one JSON line each) and acts when that pipe closes, which the kernel does
// even after SIGKILL. It imports nothing of ours, so that Node runs it both from source (types stripped) and compiled.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export type ReaperMessage =
  /** A process group to end: `signal` first, SIGKILL if it is still there after the grace. */
  | { kind: 'group'; group: number; signal: NodeJS.Signals }
  /** The head of this group has ended: forgotten if it was the last of it, before its number is somebody else's. */
  | { kind: 'ended'; group: number }
  /** A folder to remove once every group is gone. */
  | { kind: 'folder'; path: string }
  /** A folder to leave on disk after all (it holds the logs of a failure). */
  | { kind: 'keep'; path: string };

const graceMs = 6_000;
const killWaitMs = 2_000;

/** Process group and state from /proc; the name in parentheses may itself hold spaces and parentheses. */
function groupAndState(pid: string): { group: number; state: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', group: Number(fields[2]) };
  } catch {
    return undefined; // it ended between the listing and the reading
  }
}

/** Zombies count as gone: where nobody reaps orphans (a container's PID 1), they would otherwise look alive for ever. */
function livingGroups(groups: Iterable<number>): number[] {
  const living = new Set<number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const found = groupAndState(pid);
    if (found && found.state !== 'Z' && found.state !== 'X') living.add(found.group);
  }
  return [...groups].filter((group) => living.has(group));
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function waitUntilGone(groups: Iterable<number>, timeoutMs: number): Promise<number[]> {
  const deadline = Date.now() + timeoutMs;
  let living = livingGroups(groups);
  while (living.length > 0 && Date.now() < deadline) {
    await delay(50);
    living = livingGroups(living);
  }
  return living;
}

async function cleanUp(groups: Map<number, NodeJS.Signals>, folders: Set<string>): Promise<void> {
  for (const group of livingGroups(groups.keys())) signalGroup(group, groups.get(group) ?? 'SIGTERM');
  const stubborn = await waitUntilGone(groups.keys(), graceMs);
  for (const group of stubborn) signalGroup(group, 'SIGKILL');
  await waitUntilGone(stubborn, killWaitMs);
  // PostgreSQL's children leave a moment after their postmaster, and still write while they do: hence the retries.
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

function forgetIfGone(groups: Map<number, NodeJS.Signals>, group: number): void {
  if (livingGroups([group]).length === 0) groups.delete(group);
}

/** Each line is what `startReaper`, the only writer, made of a ReaperMessage. */
function read(line: string): ReaperMessage {
  const parse: (text: string) => ReaperMessage = JSON.parse;
  return parse(line);
}

async function main(): Promise<void> {
  const groups = new Map<number, NodeJS.Signals>();
  const folders = new Set<string>();
  const lines = createInterface({ input: process.stdin });
  // The starter's death takes its terminal along; being asked to end means to clean up first.
  process.on('SIGHUP', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => lines.close());
  lines.on('line', (line) => {
    const message = read(line);
    if (message.kind === 'group') groups.set(message.group, message.signal);
    else if (message.kind === 'ended') forgetIfGone(groups, message.group);
    else if (message.kind === 'folder') folders.add(message.path);
    else folders.delete(message.path);
  });
  await new Promise((resolve) => lines.once('close', resolve));
  await cleanUp(groups, folders);
  process.exit(0);
}

await main();
