// The whole system on one machine, with the pretend Stripe: `once` plays the story and ends, `up` stays, `story` plays it
// against a system that is already up.
import { startInfrastructure } from '@billhook/testing';
import { greeting } from './greeting.js';
import { Program } from './program.process.js';
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
const complain = (message: string): void => void process.stderr.write(`\n✘ ${message}\n`);

const program = new Program({ progress, complain });

async function bringUp(): Promise<StartedSystem> {
  const infrastructure = await startInfrastructure({ log: infrastructureProgress });
  program.stopAtEnd('PostgreSQL and RabbitMQ', () => infrastructure.stop());
  // What fails because it is being ended is no failure to look into.
  const started = await startSystem({ infrastructure, say: progress, keepLogsOfFailure: () => !program.isEnding });
  program.stopAtEnd('the services', () => started.stop());
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

const mode = modes.find((known) => known === process.argv[2]);
if (mode === undefined) {
  progress(`say what to do: ${modes.join(', ')}`);
  process.exit(2);
}
await program.run(async () => {
  await run(mode);
  return 0;
});
