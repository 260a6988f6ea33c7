// The whole system on one machine, with the pretend Stripe: `once` plays the story and ends, `up` stays, `story` plays it
// against a system that is already up.
import { endWithParent, startInfrastructure } from '@billhook/testing';
import { greeting } from './greeting.js';
import { startSystem } from './start-system.process.js';
import type { StartedSystem } from './start-system.process.js';
import { playStory } from './story.js';
import { systemFromEnvironment } from './system.js';
import type { RunningSystem } from './system.js';

const modes = ['once', 'up', 'story'] as const;
type Mode = (typeof modes)[number];

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`[demo] ${line}\n`);
const infrastructureProgress = (line: string): void => void process.stderr.write(`[infrastructure] ${line}\n`);

/** What to stop, last started first; each is stopped once, whoever asks. */
const begun: { name: string; stop: () => Promise<void> }[] = [];

async function stopEverything(): Promise<boolean> {
  let isClean = true;
  for (let next = begun.pop(); next; next = begun.pop()) {
    try {
      await next.stop();
    } catch (error) {
      isClean = false;
      progress(`stopping ${next.name} failed: ${messageOf(error)}`);
    }
  }
  return isClean;
}

let isEnding = false;

/** Ctrl-C, `kill`, or the end of whoever started us. What has only half begun ends with this process: see the reaper. */
function onEnd(exitCode: number, reason: string): () => void {
  return () => {
    if (isEnding) process.exit(exitCode); // the second Ctrl-C
    isEnding = true;
    progress(`${reason}: stopping …`);
    void stopEverything().then(() => process.exit(exitCode));
  };
}

async function bringUp(): Promise<StartedSystem> {
  const infrastructure = await startInfrastructure({ log: infrastructureProgress });
  begun.push({ name: 'PostgreSQL and RabbitMQ', stop: () => infrastructure.stop() });
  // What fails because it is being ended is no failure to look into.
  const started = await startSystem({ infrastructure, say: progress, keepLogsOfFailure: () => !isEnding });
  begun.push({ name: 'the services', stop: () => started.stop() });
  return started;
}

async function playOnce(): Promise<void> {
  const started = await bringUp();
  try {
    await Promise.race([playStory(started.system, say), started.failure]);
  } catch (error) {
    started.keepLogs();
    progress(`the logs of all processes: ${started.logFolder}`);
    throw error;
  }
}

async function playAgainst(system: RunningSystem): Promise<void> {
  const url = `${system.gatewayUrl}/v1/plans`;
  await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch((error: unknown) => {
    const cure = 'start the system first (make demo, or docker compose up), or say with GATEWAY_URL where it is';
    throw new Error(`nothing answers at ${url}: ${cure}`, { cause: error });
  });
  await playStory(system, say);
}

async function stayUp(): Promise<never> {
  const started = await bringUp();
  say(greeting(started.system));
  return started.failure.catch((error: unknown) => {
    started.keepLogs();
    throw error;
  });
}

async function run(mode: Mode): Promise<void> {
  switch (mode) {
    case 'once':
      return playOnce();
    case 'up':
      return stayUp();
    case 'story':
      return playAgainst(systemFromEnvironment(process.env));
    default:
      mode satisfies never;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const mode = modes.find((known) => known === process.argv[2]);
if (mode === undefined) {
  progress(`say what to do: ${modes.join(', ')}`);
  process.exit(2);
}
process.on('SIGINT', onEnd(130, 'interrupted'));
process.on('SIGTERM', onEnd(143, 'terminated'));
endWithParent(onEnd(1, 'the process that started this one is gone'));
let exitCode = 0;
try {
  await run(mode);
} catch (error) {
  // It failed because everything is being stopped: whoever stops it also ends this process, with a code of its own.
  if (isEnding) await new Promise<never>(() => undefined);
  exitCode = 1;
  process.stderr.write(`\n✘ ${messageOf(error)}\n`);
}
if (!(await stopEverything())) exitCode = 1;
process.exit(exitCode);
