import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReaperMessage } from './reaper-main.js';

export interface KeptProcessOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Standard output and error are appended here. */
  logFile: string;
  /** Run as this user (only root can). */
  user?: { uid: number; gid: number };
  /** What ends it in good order; SIGTERM unless said otherwise. */
  stopSignal?: NodeJS.Signals;
}

/** How a process ended: its exit code, or the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject); // there is no such program
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
}

/** Starts processes that cannot outlive the caller, and hands out folders that vanish with it. */
export interface Reaper {
  /** A temporary folder, readable by every user, removed at the end. */
  folder(prefix: string): string;
  /** Leaves that folder on disk at the end. */
  keepFolder(path: string): void;
  /** Starts a program as the head of its own process group, so that a Ctrl-C in the terminal does not reach it first. */
  spawn(command: string, args: readonly string[], options: KeptProcessOptions): ChildProcess;
  /** Ends every process, removes every folder; resolves when that is done (at most some 8 s). */
  close(): Promise<void>;
}

/** Node runs the TypeScript source itself when we are the source (Jest), the compiled file otherwise (demo). */
function reaperFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./reaper-main.${extension}`, import.meta.url));
}

export function startReaper(): Reaper {
  const reaper = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', reaperFile()], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: process.env['PATH'] },
  });
  const over = new Promise<void>((resolve, reject) => {
    reaper.once('error', reject);
    reaper.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the reaper ended with ${code}`))));
  });
  over.catch(() => undefined); // looked at in close(); a start-up failure must not be an unhandled rejection before that
  reaper.unref();
  // An unwritten pipe would hold the event loop; a closed one (the reaper died) is reported by `over`.
  reaper.stdin.on('error', () => undefined);
  const tell = (message: ReaperMessage): void => void reaper.stdin.write(`${JSON.stringify(message)}\n`);

  return {
    folder: (prefix) => {
      const path = mkdtempSync(join(tmpdir(), `${prefix}-`));
      tell({ kind: 'folder', path });
      chmodSync(path, 0o755); // programs that run as another user have their own, closed folder inside it
      return path;
    },
    keepFolder: (path) => tell({ kind: 'keep', path }),
    spawn: (command, args, options) => {
      const child = spawnGroup(command, args, options);
      if (child.pid === undefined) {
        child.once('error', () => undefined); // it comes a moment later, and says what the next line says
        throw new Error(`cannot start ${command}: there is no such program`);
      }
      const group = child.pid;
      tell({ kind: 'group', group, signal: options.stopSignal ?? 'SIGTERM' });
      child.once('exit', () => tell({ kind: 'ended', group }));
      return child;
    },
    close: async () => {
      reaper.ref();
      reaper.stdin.end();
      await over;
    },
  };
}

function spawnGroup(command: string, args: readonly string[], options: KeptProcessOptions): ChildProcess {
  const log = openSync(options.logFile, 'a');
  try {
    return spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: options.cwd ?? '/',
      env: options.env ?? process.env,
      ...options.user,
    });
  } finally {
    closeSync(log);
  }
}
