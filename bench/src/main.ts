// The benchmark: every part in turn, on real servers of its own, then the table. ONLY=part[,part] runs some of them, FULL=1 at the
// sizes of the goals instead of a tenth, QUICK=1 only tries whether it works. Ends 0 when it ran, whether or not the goals hold.
import { startInfrastructure, startReaper } from '@billhook/testing';
import { claimPorts } from '../../demo/src/ports.client.js';
import { messageOf, Program } from '../../demo/src/program.process.js';
import { chooseParts, partNames } from './choose-parts.js';
import type { PartName } from './choose-parts.js';
import type { Figure } from './figure.js';
import { openLab } from './open-lab.process.js';
import type { LabOptions, OpenedLab, Scale } from './open-lab.process.js';
import { parts } from './parts.js';
import { circumstancesOf, currentCommit } from './report/circumstances.client.js';
import { conclusionOf } from './report/conclusion.js';
import { report } from './report/report-files.js';
import { resultTable } from './report/table.js';

const progress = (line: string): void => void process.stderr.write(`[bench] ${line}\n`);

const scale: Scale = process.env['QUICK'] === '1' ? 'trial' : process.env['FULL'] === '1' ? 'full' : 'tenth';

const program = new Program({ progress, complain: progress });

let openedLab: OpenedLab | undefined;

async function closeLab(): Promise<void> {
  const lab = openedLab;
  openedLab = undefined;
  await lab?.close();
}

async function runPart(name: PartName, place: string, options: Omit<LabOptions, 'say'>): Promise<Figure[]> {
  const { run, minutes } = parts[name];
  const say = (line: string): void => progress(`${name}: ${line}`);
  say(`part ${place}, ${scale === 'tenth' ? `about ${minutes} min` : `at scale ${scale}`} …`);
  const begin = performance.now();
  openedLab = await openLab({ ...options, say });
  try {
    const figures = await run(openedLab);
    say(`done in ${((performance.now() - begin) / 60_000).toFixed(1)} min`);
    return figures;
  } finally {
    if (!program.isEnding) await closeLab();
  }
}

/** Every part that was asked for; one that breaks does not keep the others from running. */
async function runParts(names: readonly PartName[]): Promise<boolean> {
  const commit = currentCommit();
  const infrastructure = await startInfrastructure({ log: progress, isDurable: true });
  program.stopAtEnd('PostgreSQL and RabbitMQ', () => infrastructure.stop());
  program.stopAtEnd('the lab', closeLab);
  const reaper = startReaper();
  program.stopAtEnd('the processes', () => reaper.close());
  const logFolder = reaper.folder('billhook-bench');
  const { ports } = await claimPorts();
  if (scale === 'tenth') progress(`${names.join(', ')}: about ${minutesOf(names)} min in all`);
  const figures: Figure[] = [];
  const broken: PartName[] = [];
  for (const [index, name] of names.entries()) {
    const place = `${index + 1} of ${names.length}`;
    try {
      figures.push(...(await runPart(name, place, { infrastructure, reaper, logFolder, ports, scale })));
    } catch (error) {
      if (program.isEnding) throw error; // it broke because everything is being stopped
      broken.push(name);
      reaper.keepFolder(logFolder);
      progress(`${name} broke (logs in ${logFolder}): ${messageOf(error)}`);
    }
  }
  const isComplete = names.length === partNames.length && broken.length === 0;
  if (scale === 'trial') progress('QUICK=1 is too small to measure: results.json and the document stay as they are');
  else report(figures, await circumstancesOf(infrastructure, { command: commandOf(), commit }), isComplete);
  process.stdout.write(`${resultTable(figures)}\n${conclusionOf(figures, broken)}\n`);
  return broken.length === 0;
}

function minutesOf(names: readonly PartName[]): number {
  return names.reduce((sum, name) => sum + parts[name].minutes, 0);
}

function commandOf(): string {
  const only = process.env['ONLY'];
  return [...(scale === 'full' ? ['FULL=1'] : []), ...(only ? [`ONLY=${only}`] : []), 'make bench'].join(' ');
}

await program.run(async () => ((await runParts(chooseParts(process.env['ONLY']))) ? 0 : 1));
